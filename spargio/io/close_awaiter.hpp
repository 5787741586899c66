#pragma once

#include <utility>

#include "spargio/io/descriptor.hpp"
#include "spargio/ring/closings.hpp"
#include "spargio/ring/ops/close.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio::detail {

/// Closes a descriptor through the ring; one that is never awaited closes it when it goes.
class [[nodiscard]] close_awaiter final : io_wait {
public:
    explicit close_awaiter(descriptor owned) noexcept
        : operation_(owned.get()), owned_(std::move(owned)) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        closings::count(owned_.release());
        return start(waiter.promise(), operation_, nullptr);
    }
    [[nodiscard]] result<void> await_resume() const noexcept {
        return decode_nothing()(operation_.outcome());
    }

private:
    close_operation operation_;
    descriptor owned_;  // until the kernel is asked
};

}  // namespace spargio::detail
