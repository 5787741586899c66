#pragma once

#include <cstdint>

#include "spargio/core/result.hpp"

namespace spargio {

/// Which shard is a new connection's home: where spawn_on_session() runs its task.
class session_policy {
public:
    /// The shard that makes the connection.
    [[nodiscard]] static constexpr session_policy context_preferred() noexcept {
        return {kind::context_preferred, 0};
    }
    /// The shards in turn.
    [[nodiscard]] static constexpr session_policy round_robin() noexcept {
        return {kind::round_robin, 0};
    }
    /// Shard `shard`; errc::no_such_shard when there is none of that number.
    [[nodiscard]] static constexpr session_policy fixed(unsigned shard) noexcept {
        return {kind::fixed, shard};
    }

    /// Internal: the shard for the next connection. \pre called on a shard
    [[nodiscard]] result<unsigned> choose() const noexcept;

private:
    enum class kind : std::uint8_t { context_preferred, round_robin, fixed };
    constexpr session_policy(kind which, unsigned shard) noexcept : kind_(which), shard_(shard) {}

    kind kind_;
    unsigned shard_;
};

}  // namespace spargio
