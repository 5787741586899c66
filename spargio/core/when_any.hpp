#pragma once

#include <optional>

#include "spargio/core/when_all.hpp"

namespace spargio {

/// What when_any over a vector yields: which task ended first, and its value.
template <class T>
struct first_of {
    std::size_t index;
    detail::value_or_monostate<T> value;
};

namespace detail {

/// The first child to end decides; the others are asked to stop and awaited.
class race : public join_counter {
public:
    explicit race(std::size_t children) noexcept : join_counter(children), winner_(nullptr) {}

    promise_base* finished(promise_base& child) noexcept override {
        promise_base* none = nullptr;
        if (winner_.compare_exchange_strong(none, &child, std::memory_order_acq_rel))
            losers_.request_stop();
        return arrive(1);
    }

protected:
    /// Children run under a token of their own, which follows the parent's.
    task_env& enter(task_env& parent) {
        env_.record = parent.record;
        env_.stop = losers_.get_token();
        losers_.link(parent.stop);
        return env_;
    }
    void leave() noexcept { losers_.unlink(); }

    template <class T>
    [[nodiscard]] bool won(const task<T>& child) const noexcept {
        return winner_.load(std::memory_order_relaxed) == &child.promise();
    }
    ~race() = default;

private:
    std::atomic<promise_base*> winner_;
    linked_stop_source losers_;
    task_env env_;
};

template <class... T>
class any_of_tuple final : race {
public:
    using value = std::variant<value_or_monostate<T>...>;

    explicit any_of_tuple(task<T>... tasks) : race(sizeof...(T)), children_(std::move(tasks)...) {}
    bool await_ready() const noexcept { return false; }
    template <spargio_promise Parent>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) {
        task_env& env = enter(*parent.promise().env);
        auto start = [&](auto&... child) { (start_child(child, *this, env), ...); };
        std::apply(start, children_);
        return wait(parent.promise());
    }
    value await_resume() {
        leave();
        return pick(std::index_sequence_for<T...>{});
    }

private:
    template <std::size_t... I>
    value pick(std::index_sequence<I...>) {
        std::optional<value> picked;
        auto consider = [&]<std::size_t Index>(std::in_place_index_t<Index> index, auto& child) {
            if (this->won(child))
                picked.emplace(index, take_value(child));
        };
        (consider(std::in_place_index<I>, std::get<I>(children_)), ...);
        SPARGIO_ASSERT(picked.has_value());
        return std::move(*picked);
    }

    std::tuple<task<T>...> children_;
};

template <class T>
class any_of_vector final : race {
public:
    explicit any_of_vector(std::vector<task<T>> tasks)
        : race(tasks.size()), children_(std::move(tasks)) {}
    bool await_ready() const noexcept { return false; }
    template <spargio_promise Parent>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) {
        task_env& env = enter(*parent.promise().env);
        for (task<T>& child : children_)
            start_child(child, *this, env);
        return wait(parent.promise());
    }
    first_of<T> await_resume() {
        leave();
        std::size_t index = 0;
        while (!this->won(children_[index]))
            ++index;
        return {index, take_value(children_[index])};
    }

private:
    std::vector<task<T>> children_;
};

}  // namespace detail

/// Runs the tasks concurrently on the awaiting task's shard and yields the value of the first to
/// end, as a variant whose index() tells which (void as std::monostate). The others are asked to
/// stop and awaited first, so nothing of theirs is left behind; what they yield is dropped. If the
/// first to end threw, that is rethrown. A stop request to the parent reaches all children.
template <class... T>
[[nodiscard]] auto when_any(task<T>... children) {
    static_assert(sizeof...(T) > 0, "when_any needs at least one task");
    return detail::any_of_tuple<T...>(std::move(children)...);
}

/// The same for any number of tasks of one kind. \pre at least one.
template <class T>
[[nodiscard]] auto when_any(std::vector<task<T>> children) {
    SPARGIO_ASSERT(!children.empty());
    return detail::any_of_vector<T>(std::move(children));
}

}  // namespace spargio
