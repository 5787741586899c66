#pragma once

#include <concepts>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "spargio/core/promise.hpp"

namespace spargio {

template <class T = void>
class task;

namespace detail {

/// Where a coroutine leaves its value or its exception.
template <class T>
class outcome_slot {
    using stored =
        std::conditional_t<std::is_void_v<T>, std::monostate,
                           std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*,
                                              std::remove_const_t<T>>>;
    // Frames come from ::operator new(std::size_t).
    static_assert(alignof(stored) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

public:
    outcome_slot() noexcept {}
    outcome_slot(const outcome_slot&) = delete;
    outcome_slot& operator=(const outcome_slot&) = delete;
    ~outcome_slot() {
        if (holds_ == holds::exception) [[unlikely]]
            drop_exception();
        drop_value();
    }

    void set_value() noexcept requires std::is_void_v<T> { holds_ = holds::value; }

    template <class U>
    requires std::convertible_to<U&&, T>
    void set_value(U&& value) {
        if constexpr (std::is_reference_v<T>) {
            std::construct_at(&value_, std::addressof(value));
        } else {
            std::construct_at(&value_, std::forward<U>(value));
        }
        holds_ = holds::value;
    }
    // A value may be there already: `co_return` sets it before the locals are destroyed, and one of
    // their destructors may throw.
    void set_exception(std::exception_ptr thrown) noexcept {
        drop_value();
        std::construct_at(&thrown_, std::move(thrown));
        holds_ = holds::exception;
    }
    /// Null when there is none.
    [[nodiscard]] std::exception_ptr exception() const noexcept {
        return holds_ == holds::exception ? thrown_ : nullptr;
    }

    /// Moves what `other` holds into this empty slot; a move that throws becomes the exception.
    void take_over(outcome_slot& other) noexcept {
        SPARGIO_ASSERT(holds_ == holds::nothing && other.holds_ != holds::nothing);
        if (other.holds_ == holds::exception) [[unlikely]]
            return set_exception(other.thrown_);
        try {
            std::construct_at(&value_, std::move(other.value_));
            holds_ = holds::value;
        } catch (...) {
            set_exception(std::current_exception());
        }
    }

    T take() {
        if (holds_ != holds::value) [[unlikely]]
            rethrow();
        if constexpr (std::is_reference_v<T>) {
            return static_cast<T>(*value_);
        } else if constexpr (!std::is_void_v<T>) {
            return std::move(value_);
        }
    }

private:
    enum class holds : unsigned char { nothing, value, exception };

    // Out of line, all of them: an exception_ptr on the native stack costs every resume of the
    // coroutine its place there.
    [[noreturn, gnu::cold, gnu::noinline]] void rethrow() const {
        SPARGIO_ASSERT(holds_ == holds::exception);
        std::rethrow_exception(thrown_);
    }
    [[gnu::cold, gnu::noinline]] void drop_exception() noexcept { std::destroy_at(&thrown_); }
    void drop_value() noexcept {
        if constexpr (!std::is_trivially_destructible_v<stored>) {
            if (holds_ == holds::value)
                std::destroy_at(&value_);
        }
    }

    union {
        stored value_;
        std::exception_ptr thrown_;
    };
    holds holds_ = holds::nothing;
};

template <class T>
struct task_promise_base : promise_base {
    using promise_base::promise_base;
    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    [[gnu::cold, gnu::noinline]] void unhandled_exception() noexcept {
        slot.set_exception(std::current_exception());
    }
    outcome_slot<T> slot;
};

template <class T>
struct task_promise final : task_promise_base<T> {
    task_promise() noexcept
        : task_promise_base<T>(std::coroutine_handle<task_promise>::from_promise(*this)) {}
    task<T> get_return_object() noexcept;
    template <class U = T>
    requires std::convertible_to<U&&, T>
    void return_value(U&& value) { this->slot.set_value(std::forward<U>(value)); }
};

template <>
struct task_promise<void> final : task_promise_base<void> {
    task_promise() noexcept
        : task_promise_base<void>(std::coroutine_handle<task_promise>::from_promise(*this)) {}
    task<void> get_return_object() noexcept;
    void return_void() noexcept { slot.set_value(); }
};

}  // namespace detail

/// A lazy coroutine: it starts when it is awaited or spawned, on the awaiting task's shard, and
/// inherits that task's stop token. Awaiting yields the value or rethrows the exception.
///
/// Move-only. Destroying a task that was never started frees its frame; destroying one that is
/// suspended inside an operation is a programming error (asserted by the operation).
/// Memory: one frame from the recycler; nothing else is allocated.
template <class T>
class [[nodiscard]] task {
public:
    using promise_type = detail::task_promise<T>;
    using value_type = T;

    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        task(std::move(other)).swap(*this);
        return *this;
    }
    ~task() {
        if (handle_)
            handle_.destroy();
    }

    void swap(task& other) noexcept { std::swap(handle_, other.handle_); }
    /// False after a move.
    // Not by a comparison: g++ 12 would look for one among those of the value's type, too, and
    // std::expected's is in the way.
    [[nodiscard]] bool valid() const noexcept { return static_cast<bool>(handle_); }

    /// \pre valid(), and not awaited before.
    auto operator co_await() && noexcept {
        SPARGIO_ASSERT(valid());
        return awaiter{handle_};
    }
    /// A task is awaited once, and is gone then: co_await std::move(it).
    void operator co_await() & = delete;

    /// Internal: for those who start the coroutine themselves.
    [[nodiscard]] promise_type& promise() const noexcept { return handle_.promise(); }
    /// Internal: gives up the frame; the caller destroys it.
    [[nodiscard]] std::coroutine_handle<promise_type> release() noexcept {
        return std::exchange(handle_, nullptr);
    }

private:
    friend promise_type;

    struct awaiter {
        std::coroutine_handle<promise_type> child;

        bool await_ready() const noexcept { return false; }
        template <detail::spargio_promise Parent>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) noexcept {
            promise_type& promise = child.promise();
            SPARGIO_ASSERT(promise.continuation == nullptr && promise.sink == nullptr);
            promise.continuation = &parent.promise();
            promise.env = parent.promise().env;
            if (detail::spend_transfer()) [[likely]]
                return child;
            return detail::go_through_queue(promise);
        }
        T await_resume() { return child.promise().slot.take(); }
    };

    explicit task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

    std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

inline task<void> task_promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

/// T when F() returns task<T>.
template <class F>
using task_value_t = typename std::invoke_result_t<F&>::value_type;

template <class F>
concept task_factory = std::invocable<F&> && requires {
    typename std::invoke_result_t<F&>::value_type;
    requires std::same_as<std::invoke_result_t<F&>, task<task_value_t<F>>>;
};

}  // namespace detail
}  // namespace spargio
