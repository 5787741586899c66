#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"

namespace spargio {

class shard;

namespace detail {

/// What can be called elsewhere: no coroutine, and what it returns is a value.
template <class F>
concept plain_function =
    std::invocable<F&> && !std::is_reference_v<std::invoke_result_t<F&>> && !task_factory<F>;

/// A function on its way to another shard, and its answer on the way back. The one item, in the
/// caller's frame, travels both ways, so that there and back move the same memory.
/// Thread: the caller's shard begins and goes on; in between it is the target's alone.
/// Limit: one for each coroutine that waits.
class cross_call : public work_item {
protected:
    enum class way : unsigned char { refused, here, sent };

    cross_call(run_function arrive, unsigned shard) noexcept : work_item(arrive), shard_(shard) {}
    ~cross_call() = default;

    /// `sent`: suspend, and touch nothing any more: the answer may be there already.
    [[nodiscard]] way start(promise_base& waiter) noexcept;
    /// After a call on the own shard. \return whether to suspend: others have their turn.
    [[nodiscard]] static bool yields(promise_base& waiter) noexcept;
    /// Sends the answer home. The caller may be gone when this returns.
    void answer() noexcept;
    [[nodiscard]] bool refused() const noexcept { return refusal_ != 0; }
    [[nodiscard]] std::error_code refusal() const noexcept {
        return make_error_code(static_cast<errc>(refusal_));
    }

private:
    static void go_on(work_item& item) noexcept;

    unsigned shard_;
    int refusal_ = 0;
    work_kind returns_as_ = work_kind::pinned;  // the caller's, whose memory is far away
    promise_base* waiter_ = nullptr;
    shard* home_ = nullptr;
};

template <plain_function F>
class [[nodiscard]] call_awaiter final : cross_call {
    using value = std::invoke_result_t<F&>;

public:
    call_awaiter(unsigned shard, F&& function) noexcept(std::is_nothrow_move_constructible_v<F>)
        : cross_call(&arrive, shard), function_(std::move(function)) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        const way gone = start(waiter.promise());
        if (gone != way::here)
            return gone == way::sent;
        invoke();
        return yields(waiter.promise());
    }
    [[nodiscard]] result<value> await_resume() {
        if (refused()) [[unlikely]]
            return failure(refusal());
        if constexpr (std::is_void_v<value>) {
            outcome_.take();
            return {};
        } else {
            return outcome_.take();
        }
    }

private:
    static void arrive(work_item& item) noexcept {
        auto& self = static_cast<call_awaiter&>(item);
        self.invoke();
        self.answer();
    }
    void invoke() noexcept {
        // The value is moved, too.
        if constexpr (std::is_nothrow_invocable_v<F&> &&
                      (std::is_void_v<value> || std::is_nothrow_move_constructible_v<value>)) {
            take_value();
        } else {
            try {
                take_value();
            } catch (...) {
                outcome_.set_exception(std::current_exception());
            }
        }
    }
    void take_value() {
        if constexpr (std::is_void_v<value>) {
            std::invoke(function_);
            outcome_.set_value();
        } else {
            outcome_.set_value(std::invoke(function_));
        }
    }

    [[no_unique_address]] F function_;
    outcome_slot<value> outcome_;
};

}  // namespace detail

/// Calls `function` once on the thread of shard `shard` of the same runtime, in turn with what is
/// ready there, and yields what it returns, or rethrows what it throws, on the shard that awaits.
/// On the own shard it is called at once. The function lives in the awaiting coroutine's frame and
/// is destroyed there; nothing is allocated.
///
/// It is no coroutine and should be short: the target runs nothing else meanwhile. References into
/// the caller's frame are valid in it, and it is the only one to touch them. Calls from one shard
/// to another are begun in the order they were awaited in.
/// Errors: errc::no_such_shard; errc::shut_down once the runtime closes. Then it was not called.
/// A stop request, before or meanwhile, makes no difference: the call is made and its result kept.
/// A shutdown waits for calls that were begun. \pre called on a shard
template <detail::plain_function F>
[[nodiscard]] auto call_on(unsigned shard, F function) {
    return detail::call_awaiter<F>(shard, std::move(function));
}

}  // namespace spargio
