#pragma once

#include <variant>

#include "spargio/shard/mutex_deque.hpp"
#include "spargio/shard/steal_deque.hpp"
#include "spargio/shard/steal_options.hpp"

namespace spargio::detail {

/// A queue of stealable work in the way the options ask for: see steal_deque.
class stealable_queue {
    // The branch goes the same way for the whole of a shard's life.
    template <class Do>
    auto with(Do act) noexcept {
        if (auto* lock_free = std::get_if<steal_deque>(&queue_)) [[likely]]
            return act(*lock_free);
        return act(*std::get_if<mutex_deque>(&queue_));
    }

public:
    explicit stealable_queue(const steal_options& how) {
        if (how.backend == steal_options::queue::mutex) {
            queue_.emplace<mutex_deque>(how.capacity);
        } else {
            queue_.emplace<steal_deque>(how.capacity);
        }
    }

    [[nodiscard]] bool push(work_item& item) noexcept {
        return with([&](auto& queue) { return queue.push(item); });
    }
    [[nodiscard]] work_item* pop() noexcept {
        return with([](auto& queue) { return queue.pop(); });
    }
    [[nodiscard]] bool pop(const work_item& item) noexcept {
        return with([&](auto& queue) { return queue.pop(item); });
    }
    [[nodiscard]] work_item* take() noexcept {
        return with([](auto& queue) { return queue.take(); });
    }
    [[nodiscard]] unsigned size() const noexcept {
        return const_cast<stealable_queue&>(*this).with([](auto& queue) { return queue.size(); });
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

private:
    std::variant<std::monostate, steal_deque, mutex_deque> queue_;
};

}  // namespace spargio::detail
