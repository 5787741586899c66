#pragma once

#include <concepts>
#include <utility>

#include "spargio/core/task.hpp"

namespace spargio {

namespace detail {

template <class Awaitable>
concept makes_awaiter = requires(Awaitable&& work) {
    std::forward<Awaitable>(work).operator co_await();
};

template <class Awaitable>
decltype(auto) awaiter_of(Awaitable&& work) {
    if constexpr (makes_awaiter<Awaitable>) {
        return std::forward<Awaitable>(work).operator co_await();
    } else {
        return std::forward<Awaitable>(work);
    }
}

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

}  // namespace detail

/// What spargio's coroutines can await: tasks, operations, handles.
template <class Awaitable>
concept awaitable = requires(Awaitable&& work,
                             std::coroutine_handle<detail::task_promise<void>> waiter) {
    detail::awaiter_of(std::forward<Awaitable>(work)).await_ready();
    detail::awaiter_of(std::forward<Awaitable>(work)).await_suspend(waiter);
    detail::awaiter_of(std::forward<Awaitable>(work)).await_resume();
};

/// What awaiting it yields.
template <awaitable Awaitable>
using awaited_t = decltype(detail::awaiter_of(std::declval<Awaitable>()).await_resume());

template <class Awaitable, class T>
concept awaitable_of = awaitable<Awaitable> && std::same_as<awaited_t<Awaitable>, T>;

}  // namespace spargio
