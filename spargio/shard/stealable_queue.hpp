#pragma once

#include <variant>

#include "spargio/core/split_deque.hpp"
#include "spargio/shard/mutex_deque.hpp"
#include "spargio/shard/steal_options.hpp"

namespace spargio::detail {

/// A queue of stealable work in the way the options ask for: see split_deque. With a mutex
/// everything is public.
class stealable_queue {
    // The branch goes the same way for the whole of a shard's life.
    template <class Lock_free, class Locked>
    auto with(Lock_free act, Locked otherwise) noexcept {
        if (auto* lock_free = std::get_if<split_deque>(&queue_)) [[likely]]
            return act(*lock_free);
        return otherwise(*std::get_if<mutex_deque>(&queue_));
    }
    template <class Do>
    auto with(Do act) noexcept {
        return with(act, act);
    }
    template <class... Do>
    auto look(Do... at) const noexcept {
        return const_cast<stealable_queue&>(*this).with(at...);
    }

public:
    explicit stealable_queue(const steal_options& how) {
        if (how.backend == steal_options::queue::mutex) {
            queue_.emplace<mutex_deque>(how.capacity);
        } else {
            queue_.emplace<split_deque>(how.capacity);
        }
    }

    // --- the owner -------------------------------------------------------------------------------

    [[nodiscard]] bool push(work_item& item) noexcept {
        return with([&](auto& queue) { return queue.push(item); });
    }
    void share(unsigned kept) noexcept {
        with([=](split_deque& queue) { queue.share(kept); }, [](mutex_deque&) {});
    }
    [[nodiscard]] work_item* pop() noexcept {
        return with([](auto& queue) { return queue.pop(); });
    }
    [[nodiscard]] bool pop(const work_item& item) noexcept {
        return with([&](auto& queue) { return queue.pop(item); });
    }
    [[nodiscard]] unsigned size() const noexcept {
        return look([](auto& queue) { return queue.size(); });
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    [[nodiscard]] split_deque* lock_free() noexcept { return std::get_if<split_deque>(&queue_); }

    // --- any thread ------------------------------------------------------------------------------

    [[nodiscard]] work_item* take() noexcept {
        return with([](auto& queue) { return queue.take(); });
    }
    template <class Barrier>
    void expose(Barrier barrier) noexcept {
        with([&](split_deque& queue) { queue.expose(barrier); }, [](mutex_deque&) {});
    }
    [[nodiscard]] unsigned shared() const noexcept {
        return look([](split_deque& queue) { return queue.shared(); },
                    [](mutex_deque& queue) { return queue.size(); });
    }
    [[nodiscard]] unsigned hidden() const noexcept {
        return look([](split_deque& queue) { return queue.hidden(); },
                    [](mutex_deque&) { return 0u; });
    }

private:
    std::variant<std::monostate, split_deque, mutex_deque> queue_;
};

}  // namespace spargio::detail
