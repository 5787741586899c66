#pragma once

#include <memory>
#include <optional>
#include <system_error>

#include "spargio/core/when_all.hpp"
#include "spargio/runtime/spawn_record.hpp"

namespace spargio {

/// How a task ended: with a value, with an exception, or cancelled (by
/// std::errc::operation_canceled as an exception after a stop was requested).
template <class T>
class outcome {
public:
    using value_type = detail::value_or_monostate<T>;

    [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
    [[nodiscard]] bool has_exception() const noexcept { return thrown_ != nullptr && !cancelled_; }
    [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }
    /// \pre has_value()
    [[nodiscard]] value_type& value() { return *value_; }
    /// Null when there is none; a cancelled task's too.
    [[nodiscard]] const std::exception_ptr& exception() const noexcept { return thrown_; }

private:
    template <class>
    friend class join_handle;

    std::optional<value_type> value_;
    std::exception_ptr thrown_;
    bool cancelled_ = false;
};

namespace detail {

/// Waits for a spawned task. A stop request to the waiting task is passed on to the awaited one,
/// whose end is then the answer. `Take` makes the await's value of the ended record.
template <class T, class Take>
class [[nodiscard]] join_awaiter {
public:
    explicit join_awaiter(spawned<T>& joined) noexcept : joined_(&joined) {}
    join_awaiter(const join_awaiter&) = delete;
    join_awaiter& operator=(const join_awaiter&) = delete;
    ~join_awaiter() {
        listener_.reset();
        if (taken_) {
            joined_->drop();
        } else {
            joined_->detach();  // never awaited
        }
    }

    [[nodiscard]] bool await_ready() const noexcept { return joined_->is_done(); }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        // First the listener: once join() says true, the coroutine may already run elsewhere.
        listener_.emplace(waiter.promise().env->stop, pass_on{joined_});
        return joined_->join(waiter.promise());
    }
    decltype(auto) await_resume() {
        listener_.reset();
        taken_ = true;
        return Take()(*joined_);
    }

private:
    struct pass_on {
        spawn_record* joined;
        void operator()() const noexcept { joined->stop.request_stop(); }
    };

    spawned<T>* const joined_;
    bool taken_ = false;
    std::optional<stop_callback<pass_on>> listener_;
};

}  // namespace detail

/// A spawned task as seen by who spawned it. Await it for the value, or join() it for an outcome;
/// once, by one. Dropping it detaches the task, which runs on.
/// Thread: any; one at a time.
template <class T>
class [[nodiscard]] join_handle {
public:
    explicit join_handle(detail::spawned<T>& record) noexcept : record_(&record) {}
    join_handle(join_handle&& other) noexcept : record_(other.take_record()) {}
    join_handle& operator=(join_handle&& other) noexcept {
        detail::spawned<T>* const taken = other.take_record();
        detach();
        record_ = taken;
        return *this;
    }
    ~join_handle() { detach(); }

    /// False after a move, detach(), or the value was taken.
    [[nodiscard]] bool valid() const noexcept { return record_ != nullptr; }
    [[nodiscard]] std::uint64_t id() const noexcept { return record_->id; }
    [[nodiscard]] bool is_done() const noexcept { return record_->is_done(); }
    /// Asks the task to stop; its operations end with std::errc::operation_canceled.
    void request_stop() noexcept { record_->stop.request_stop(); }
    /// Lets the task run on alone. What it throws is reported on standard error.
    void detach() noexcept {
        if (record_ != nullptr)
            take_record()->detach();
    }

    /// Yields the value, or rethrows. \pre valid()
    auto operator co_await() noexcept {
        SPARGIO_ASSERT(valid());
        return detail::join_awaiter<T, take_value>(*take_record());
    }

    /// Yields how the task ended; never throws. \pre valid()
    [[nodiscard]] auto join() noexcept {
        SPARGIO_ASSERT(valid());
        return detail::join_awaiter<T, take_outcome>(*take_record());
    }

    /// Blocks the calling thread for the value, or rethrows. For a task that a shutdown has left
    /// behind, a survivor of its report, it blocks for ever. \pre valid(), the thread is no shard
    T wait() {
        SPARGIO_ASSERT(detail::current_executor() == nullptr);
        SPARGIO_ASSERT(valid());
        const std::unique_ptr<detail::spawned<T>, drop_record> record(take_record());
        record->wait_blocking();
        return record->outcome.take();
    }

private:
    struct take_value {
        T operator()(detail::spawned<T>& ended) const { return ended.outcome.take(); }
    };
    struct take_outcome {
        outcome<T> operator()(detail::spawned<T>& ended) const noexcept;
    };
    struct drop_record {
        void operator()(detail::spawn_record* ended) const noexcept { ended->drop(); }
    };

    [[nodiscard]] detail::spawned<T>* take_record() noexcept {
        return std::exchange(record_, nullptr);
    }

    detail::spawned<T>* record_;
};

template <class T>
outcome<T> join_handle<T>::take_outcome::operator()(detail::spawned<T>& ended) const noexcept {
    outcome<T> how;
    try {
        if constexpr (std::is_void_v<T>) {
            ended.outcome.take();
            how.value_.emplace();
        } else {
            how.value_.emplace(ended.outcome.take());
        }
    } catch (const std::system_error& caught) {
        how.thrown_ = std::current_exception();
        how.cancelled_ =
            caught.code() == std::errc::operation_canceled && ended.stop.stop_requested();
    } catch (...) {
        how.thrown_ = std::current_exception();
    }
    return how;
}

}  // namespace spargio
