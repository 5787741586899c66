#pragma once

#include <atomic>
#include <semaphore>

#include "../shard/root.hpp"
#include "spargio/core/pause.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/random_source.hpp"

namespace spargio::stress {

/// Work of a user's until `over`: most of its turns are short, some keep the thread for a while.
inline task<void> work_until(const std::atomic<bool>& over, std::uint64_t seed) {
    testing::random_source random(seed);
    while (!over.load(std::memory_order_relaxed)) {
        detail::pause_for(static_cast<int>(random.below(random.chance(2) ? 2'000 : 20)));
        co_await yield();
    }
}

/// Keeps a shard busy while it lives, so that the shard neither sleeps nor spins.
class busy_shard {
public:
    busy_shard(shard& home, std::uint64_t seed) : work_(home, work_until(over_, seed)) {
        work_.at_end = [this] { ended_.release(); };
        work_.start();
    }
    ~busy_shard() {
        over_ = true;
        ended_.acquire();
    }
    busy_shard(const busy_shard&) = delete;
    busy_shard& operator=(const busy_shard&) = delete;

private:
    std::atomic<bool> over_ = false;
    std::binary_semaphore ended_{0};
    shard_test::root<void> work_;
};

}  // namespace spargio::stress
