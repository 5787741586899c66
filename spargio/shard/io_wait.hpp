#pragma once

#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/ring/operation.hpp"
#include "spargio/shard/attempt_history.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

/// Waits for one ring operation on the current shard.
class io_wait : stoppable_wait {
protected:
    io_wait() = default;
    ~io_wait() = default;

    /// Submits `op`, or does it at once if `history` (may be null) speaks for trying, nothing else
    /// is to be done this turn and it needs no waiting.
    /// \return true: suspend, the waiter is resumed when `op` is done. False: `op` is done.
    [[nodiscard]] bool start(promise_base& waiter, operation& op,
                             attempt_history* history) noexcept;

private:
    bool on_stop() noexcept override;

    operation* op_ = nullptr;
};

/// Awaits `Operation`, which it contains, and yields what `Decode` makes of the outcome.
template <class Operation, class Decode>
class [[nodiscard]] io_awaiter final : io_wait {
public:
    template <class... Arguments>
    explicit io_awaiter(Decode decode, attempt_history* history, Arguments&&... arguments) noexcept
        : operation_(std::forward<Arguments>(arguments)...),
          history_(history),
          decode_(std::move(decode)) {}

    bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise(), operation_, history_);
    }
    auto await_resume() noexcept(noexcept(std::declval<Decode&>()(0))) {
        return decode_(operation_.outcome());
    }

private:
    Operation operation_;
    attempt_history* history_;
    [[no_unique_address]] Decode decode_;
};

/// Builds the awaiter of `Operation` in place.
template <class Operation, class Decode, class... Arguments>
auto await_operation(Decode decode, attempt_history* history, Arguments&&... arguments) noexcept {
    return io_awaiter<Operation, Decode>(std::move(decode), history,
                                         std::forward<Arguments>(arguments)...);
}

/// Outcomes that are a number of bytes.
struct decode_count {
    result<std::size_t> operator()(int outcome) const noexcept {
        if (outcome < 0)
            return failure(-outcome);
        return static_cast<std::size_t>(outcome);
    }
};

/// Outcomes that say only whether it worked.
struct decode_nothing {
    result<void> operator()(int outcome) const noexcept {
        if (outcome < 0)
            return failure(-outcome);
        return {};
    }
};

}  // namespace spargio::detail
