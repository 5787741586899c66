#pragma once

#include <cstdint>
#include <functional>

namespace spargio {

/// Which shard a spawned task lives on, or starts on.
///
/// A stealable task runs wherever there is time for it: each time it is ready, any shard may take
/// it, so between two awaits it may have changed threads, and the children it awaits at once
/// (when_all() and the like) may run at the same time on several.
class placement {
public:
    enum class kind : std::uint8_t {
        local,
        pinned,
        round_robin,
        sticky,
        stealable,
        stealable_preferred
    };

    /// The spawning task's own shard; errc::not_on_shard from a thread that is none.
    [[nodiscard]] static constexpr placement local() noexcept { return {kind::local, 0}; }
    /// Shard `shard`; errc::no_such_shard when there is none of that number.
    [[nodiscard]] static constexpr placement pinned(unsigned shard) noexcept {
        return {kind::pinned, shard};
    }
    /// The shards in turn, one count for the whole runtime.
    [[nodiscard]] static constexpr placement round_robin() noexcept {
        return {kind::round_robin, 0};
    }
    /// Always the same shard for the same key, in this and every other process with as many shards.
    [[nodiscard]] static constexpr placement sticky(std::uint64_t key) noexcept {
        return {kind::sticky, key};
    }

    /// Any shard: it starts on the spawning one, or on one where clearly less waits for the kernel;
    /// from a thread that is none, on the shards in turn.
    [[nodiscard]] static constexpr placement stealable() noexcept { return {kind::stealable, 0}; }
    /// Any shard, but it starts on `shard` unless that one is busy; errc::no_such_shard when there
    /// is none of that number.
    [[nodiscard]] static constexpr placement stealable_preferred(unsigned shard) noexcept {
        return {kind::stealable_preferred, shard};
    }

    [[nodiscard]] constexpr kind which() const noexcept { return kind_; }
    /// The shard of pinned() and stealable_preferred(), the key of sticky().
    [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }

private:
    constexpr placement(kind which, std::uint64_t value) noexcept : kind_(which), value_(value) {}

    kind kind_;
    std::uint64_t value_;
};

}  // namespace spargio
