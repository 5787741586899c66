#pragma once

#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "spargio/core/join_counter.hpp"
#include "spargio/core/task.hpp"

namespace spargio {
namespace detail {

/// void has no values; a monostate stands for it where a tuple or variant needs one.
template <class T>
using value_or_monostate = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
value_or_monostate<T> take_value(task<T>& child) {
    if constexpr (std::is_void_v<T>) {
        child.promise().slot.take();
        return {};
    } else {
        return child.promise().slot.take();
    }
}

template <class... T>
class all_of_tuple final : join_counter {
public:
    explicit all_of_tuple(task<T>&&... tasks)
        : join_counter(sizeof...(T)), children_(std::move(tasks)...) {}
    bool await_ready() const noexcept { return false; }
    template <spargio_promise Parent>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) {
        if constexpr (sizeof...(T) != 0) {
            if (forks(parent.promise())) {
                begin_forks(parent.promise());
                return fork_all(*parent.promise().env, std::index_sequence_for<T...>());
            }
        }
        auto start = [&](auto&... child) {
            (start_child(child, *this, *parent.promise().env), ...);
        };
        std::apply(start, children_);
        return wait(parent.promise());
    }
    auto await_resume() {
        auto take = [](auto&... child) {
            // Braces: the order of evaluation is the order of the arguments.
            return std::tuple<value_or_monostate<T>...>{take_value(child)...};
        };
        return std::apply(take, children_);
    }

private:
    // The last one first: what is queued last is run first, if nobody takes it.
    template <std::size_t... I>
    std::coroutine_handle<> fork_all(task_env& env, std::index_sequence<I...>) noexcept {
        promise_base* child = nullptr;
        current_executor()->defer_forks([&](auto add) {
            ((child = &prepare_fork(std::get<sizeof...(T) - 1 - I>(children_), *this, env, child),
              I + 1 != sizeof...(T) ? add(*child) : void()),
             ...);
        });
        return transfer_to(child);
    }

    std::tuple<task<T>...> children_;
};

template <class T>
class all_of_vector final : join_counter {
public:
    explicit all_of_vector(std::vector<task<T>>&& tasks)
        : join_counter(tasks.size()), children_(std::move(tasks)) {}
    bool await_ready() const noexcept { return children_.empty(); }
    template <spargio_promise Parent>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) {
        task_env& env = *parent.promise().env;
        if (forks(parent.promise())) {
            begin_forks(parent.promise());
            promise_base* child = nullptr;
            current_executor()->defer_forks([&](auto add) {
                for (std::size_t last = children_.size() - 1; last != 0; --last) {
                    child = &prepare_fork(children_[last], *this, env, child);
                    add(*child);
                }
            });
            return transfer_to(&prepare_fork(children_.front(), *this, env, child));
        }
        for (task<T>& child : children_)
            start_child(child, *this, env);
        return wait(parent.promise());
    }
    auto await_resume() {
        if constexpr (std::is_void_v<T>) {
            for (task<T>& child : children_)
                child.promise().slot.take();
        } else {
            std::vector<T> values;
            values.reserve(children_.size());
            for (task<T>& child : children_)
                values.push_back(child.promise().slot.take());
            return values;
        }
    }

private:
    std::vector<task<T>> children_;
};

}  // namespace detail

/// Runs the tasks concurrently and yields all their values, void as std::monostate: on the awaiting
/// task's shard, or, if that task is stealable, on whichever shards have time, and then in
/// parallel. If some throw, the first one in argument order is rethrown, after all ended.
/// A stop request reaches every child through the inherited token.
template <class... T>
[[nodiscard]] auto when_all(task<T>... children) {
    return detail::all_of_tuple<T...>(std::move(children)...);
}

/// The same for any number of tasks of one kind: yields a vector in their order, or nothing for
/// void.
template <class T>
[[nodiscard]] auto when_all(std::vector<task<T>> children) {
    return detail::all_of_vector<T>(std::move(children));
}

}  // namespace spargio
