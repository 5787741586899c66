#pragma once

#include <cstddef>

#include "spargio/io/descriptor.hpp"
#include "spargio/net/detail/kept_items.hpp"
#include "spargio/ring/ops/accept_many.hpp"
#include "spargio/shard/multishot_source.hpp"

namespace spargio::detail {

/// The connections of a listening socket.
/// Limit: `most_kept` that were not taken, and what one burst brings on top of them; the others
/// wait in the kernel's backlog.
class accept_source final : public multishot_source {
public:
    static constexpr std::size_t most_kept = 32;

    accept_source(shard& home, int listener) noexcept
        : multishot_source(home),
          operation_(listener, *this),
          once_(!home.stream_features().has(feature::multishot_accept)) {}

    /// The next connection. \pre the wait for it has ended
    [[nodiscard]] result<descriptor> take() noexcept;

private:
    void keep(const arrival& what) noexcept override;
    [[nodiscard]] bool has_kept() const noexcept override { return !kept_.empty(); }
    [[nodiscard]] bool has_enough() const noexcept override { return kept_.size() >= most_kept; }
    void drop_kept() noexcept override;
    [[nodiscard]] multishot_operation* next_operation() noexcept override;

    accept_many_operation operation_;
    kept_items<descriptor> kept_;
    bool once_;  // one connection a request
};

}  // namespace spargio::detail
