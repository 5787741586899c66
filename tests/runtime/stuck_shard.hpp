#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <span>

#include "entry.hpp"
#include "spargio/ring/ops/read.hpp"
#include "spargio/runtime/reschedule_on.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio::runtime_test {

using namespace std::chrono_literals;

/// Keeps the calling thread busy in user code until `done`, or for ten seconds.
inline bool spin_until(const std::atomic<bool>& done) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!done.load(std::memory_order_acquire)) {
        if (std::chrono::steady_clock::now() > end)
            return false;
    }
    return true;
}

/// Runs `first` to its first await on shard 0, and on until `ready()`, then keeps that shard stuck
/// until `first` has ended. \return whether it did, in time.
template <class Start, class Ready>
bool ends_while_its_shard_is_stuck(runtime& own, Start first, Ready ready) {
    bool ended_in_time = false;
    own.block_on(0, [&]() -> task<void> {
        std::atomic<bool> begun = false;
        std::atomic<bool> ended = false;
        auto moving = value_or_throw(
            this_runtime().spawn(placement::stealable_preferred(0), [&]() -> task<void> {
                // It may have been stolen already.
                EXPECT_TRUE(co_await reschedule_on(0));
                begun.store(true, std::memory_order_release);
                co_await first();
                ended.store(true, std::memory_order_release);
            }));
        while (!begun.load(std::memory_order_acquire) || !ready())
            co_await yield();
        // The other one lets it get that far.
        co_await sleep_for(1ms);
        ended_in_time = spin_until(ended);
        co_await moving;
    });
    return ended_in_time;
}

template <class Start>
bool ends_while_its_shard_is_stuck(runtime& own, Start first) {
    return ends_while_its_shard_is_stuck(own, first, [] { return true; });
}

inline task<result<std::size_t>> read_from(int descriptor, std::span<std::byte> into) {
    co_return co_await detail::await_operation<read_operation>(detail::decode_count(), nullptr,
                                                               descriptor, into, 0u);
}

class pipe_ends {
public:
    pipe_ends() { EXPECT_EQ(::pipe(ends_), 0); }
    ~pipe_ends() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    [[nodiscard]] int reader() const { return ends_[0]; }
    void write() const { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }

private:
    int ends_[2] = {-1, -1};
};

}  // namespace spargio::runtime_test
