#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

#include "entry.hpp"

namespace spargio::runtime_test {

/// Waits until `so()`, for ten seconds at most. \return whether it came to that.
template <class Condition>
[[nodiscard]] bool comes_to_be(Condition so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!so()) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        std::this_thread::yield();
    }
    return true;
}

/// Whatever little there is is worth being stolen.
[[nodiscard]] inline steal_options anything_goes(steal_options how = {}) {
    how.item_worth_ns = 0;
    how.worth_ns = 0;
    how.contended_worth_ns = 0;
    return how;
}

/// Without rescues, which take work away from shards that are held up.
[[nodiscard]] inline runtime_builder stealing_alone(unsigned shards, const steal_options& how) {
    rescue_options never;
    never.after_us = 0;
    return runtime_builder().shards(shards).stealing(how).rescue(never).spin_us(0);
}

/// Shards that are all held up in a task, some of them with stealable items in their queue. One
/// that is let go has nothing to do but to steal, and is held up again by the first item it runs:
/// so one theft can be looked at.
class steal_stage {
public:
    /// `queued` is how many items each shard has.
    steal_stage(const steal_options& how, std::vector<unsigned> queued)
        : runtime_(built(stealing_alone(static_cast<unsigned>(queued.size()), how))),
          all_held_(static_cast<std::ptrdiff_t>(queued.size())),
          all_queued_(static_cast<std::ptrdiff_t>(queued.size()) + 1) {
        for (unsigned shard = 0; shard != queued.size(); ++shard) {
            go_.emplace_back(1);
            items_.emplace_back();
            tasks_.push_back(value_or_throw(runtime_.handle().spawn_pinned(
                shard, [this, shard, count = queued[shard]] { return hold(shard, count); })));
        }
        all_queued_.arrive_and_wait();
    }
    steal_stage(const steal_stage&) = delete;
    steal_stage& operator=(const steal_stage&) = delete;
    ~steal_stage() { end(); }

    /// Lets `thief` go. \return what it has done when it has stolen something.
    [[nodiscard]] shard_stats theft_of(unsigned thief) {
        go_[thief].count_down();
        EXPECT_TRUE(comes_to_be([&] { return begun_.load() != 0; })) << "nothing was stolen";
        return runtime_.stats(thief);
    }
    /// Lets `thief` go. \return whether it found nothing worth it, and fell asleep.
    [[nodiscard]] bool finds_nothing(unsigned thief) {
        const std::uint64_t parks = runtime_.stats(thief).parks;
        go_[thief].count_down();
        return comes_to_be([&] { return runtime_.stats(thief).parks != parks; }) && begun_ == 0;
    }

private:
    task<void> hold(unsigned shard, unsigned count) {
        all_held_.arrive_and_wait();
        for (unsigned i = 0; i != count; ++i) {
            items_[shard].push_back(
                value_or_throw(this_runtime().spawn_stealable_on(shard, [this]() -> task<void> {
                    ++begun_;
                    over_.wait();
                    co_return;
                })));
        }
        all_queued_.arrive_and_wait();
        go_[shard].wait();
        co_return;
    }
    void end() {
        over_.count_down();
        for (std::latch& each : go_) {
            if (!each.try_wait())
                each.count_down();
        }
        for (auto& each : tasks_)
            each.wait();
        for (auto& of_shard : items_) {
            for (auto& each : of_shard)
                each.wait();
        }
    }

    runtime runtime_;
    std::latch all_held_;
    std::latch all_queued_;
    std::latch over_{1};
    std::deque<std::latch> go_;
    std::atomic<unsigned> begun_ = 0;
    std::vector<join_handle<void>> tasks_;
    std::deque<std::vector<join_handle<void>>> items_;
};

}  // namespace spargio::runtime_test
