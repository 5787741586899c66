#pragma once

#include <concepts>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

#include "spargio/core/transfer.hpp"
#include "spargio/sync/wait_line.hpp"

namespace spargio::detail {

/// Something a task can wait for in a line. It is moved only before it is begun.
template <class Operation>
concept line_waitable = std::move_constructible<Operation> &&
    requires(Operation op, line_wait& wait) {
    // Does it at once, if that passes nobody by who waits.
    { op.take() } -> std::same_as<bool>;
    // Stands in the line. Whoever could have it at once is called like everybody else.
    op.line_up(wait);
    // Takes what was promised, and stands no more. \pre promised
    op.collect();
    // Stands no more; what was promised passes on. True: too late, it is done.
    { op.leave() } -> std::same_as<bool>;
    { op.promised() } -> std::same_as<bool>;
    // What it yields, done or cancelled.
    op.finish(true);
};

/// Awaits the first of several operations, which it contains: of the others nothing is done. One
/// operation yields its outcome, several yield a variant whose index() tells which.
/// Nothing is taken before the task goes on, so an await that a stop reaches first leaves
/// everything where it was, for the next in line.
template <line_waitable... Operations>
class [[nodiscard]] line_operation {
public:
    explicit line_operation(Operations... operations) noexcept
        : operations_(std::move(operations)...) {}
    line_operation(line_operation&& other) noexcept : operations_(std::move(other.operations_)) {
        SPARGIO_ASSERT(!other.wait_.has_value());
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) {
        promise_base& promise = waiter.promise();
        if (promise.env->stop.stop_requested())
            return false;
        if (take_one() || take_soon()) [[likely]] {
            // Others have their turn all the same when this task has had its share.
            if (spend_transfer()) [[likely]]
                return false;
            go_last(promise);
            return true;
        }
        return line_up(promise);
    }
    auto await_resume() {
        if (wait_.has_value())
            settle();
        if constexpr (sizeof...(Operations) == 1) {
            return std::get<0>(operations_).finish(done_ == 0);
        } else {
            return pick();
        }
    }

    /// The operations, to be awaited together with others.
    [[nodiscard]] std::tuple<Operations...>&& release() && noexcept {
        return std::move(operations_);
    }

private:
    static constexpr std::size_t none = sizeof...(Operations);

    /// Calls `act(index, operation)` until it says true.
    template <class Act>
    bool any(Act act) {
        std::size_t index = 0;
        return std::apply([&](auto&... each) { return (act(index++, each) || ...); }, operations_);
    }

    bool take_one() {
        return any([this](std::size_t index, auto& each) {
            if (!each.take())
                return false;
            done_ = index;
            return true;
        });
    }

    /// The last try before it stands in line, of operations that know a better one than the first:
    /// among several, one would keep the others waiting.
    bool take_soon() {
        if constexpr (sizeof...(Operations) == 1) {
            auto& only = std::get<0>(operations_);
            if constexpr (requires { only.take_soon(); }) {
                if (!only.take_soon())
                    return false;
                done_ = 0;
                return true;
            }
        }
        return false;
    }

    [[gnu::noinline]] bool line_up(promise_base& promise) {
        wait_.emplace();
        if (!wait_->begin(promise)) {
            wait_.reset();
            return false;
        }
        any([this](std::size_t, auto& each) {
            each.line_up(*wait_);
            return false;
        });
        wait_->suspend();
        return true;
    }

    [[gnu::noinline]] void settle() {
        const bool stopped = wait_->stopped();
        const auto leave = [this](std::size_t index, auto& each) {
            if (each.leave() && done_ == none)
                done_ = index;
        };
        // First those that were not called: one that it is too late to leave is the one that was
        // done, and what was promised by another passes on.
        any([&](std::size_t index, auto& each) {
            if (!each.promised())
                leave(index, each);
            return false;
        });
        any([&](std::size_t index, auto& each) {
            if (!each.promised())
                return false;
            if (stopped || done_ != none) {
                leave(index, each);
            } else {
                done_ = index;
                each.collect();
            }
            return true;
        });
    }

    using outcome = std::variant<decltype(std::declval<Operations&>().finish(true))...>;

    template <std::size_t I = 0>
    outcome pick() {
        if constexpr (I + 1 != sizeof...(Operations)) {
            const std::size_t told = done_ == none ? 0 : done_;
            if (told != I)
                return pick<I + 1>();
        }
        return outcome(std::in_place_index<I>, std::get<I>(operations_).finish(done_ == I));
    }

    std::tuple<Operations...> operations_;
    std::size_t done_ = none;
    std::optional<line_wait> wait_;
};

}  // namespace spargio::detail
