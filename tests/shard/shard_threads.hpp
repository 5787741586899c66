#pragma once

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

#include "root.hpp"

namespace spargio::shard_test {

/// Some shards that know each other, each on a thread of its own: what a runtime makes of them.
class shard_threads {
public:
    shard_threads(kernel& entry, unsigned count, shard_options options)
        : share_(count), opened_(count + 1), ended_(count) {
        options = as_environment_has_it(std::move(options));
        for (unsigned index = 0; index < count; ++index) {
            options.index = index;
            shards_.push_back(std::make_unique<shard>(entry, options));
            shards_.back()->join_family(this);
        }
        for (unsigned index = 0; index < count; ++index)
            threads_.emplace_back([this, index] { live(*shards_[index]); });
        opened_.arrive_and_wait();
    }
    ~shard_threads() { end(); }

    shard& operator[](unsigned index) { return *shards_[index]; }

    /// Runs `body` on a shard and waits for its value. One thread at a time.
    template <class T>
    T run(unsigned index, task<T> body) {
        root<T> main(*shards_[index], std::move(body));
        main.at_end = [this] { task_ended_.release(); };
        main.start();
        task_ended_.acquire();
        return main.take();
    }
    void end() {
        for (const auto& each : shards_)
            each->request_exit();
        threads_.clear();
    }

private:
    void live(shard& own) {
        const auto opened = own.open();
        EXPECT_TRUE(opened) << opened.error().message();
        opened_.arrive_and_wait();
        own.meet(shards_, share_);
        own.run();
        ended_.count_down();
        // Looking at the clock, which stands still in a simulation while somebody neither does that
        // nor sleeps in the kernel.
        while (!ended_.try_wait()) {
            (void)own.now_ns();
            std::this_thread::yield();
        }
        own.close();
    }

    detail::work_share share_;
    std::latch opened_;
    std::latch ended_;
    std::counting_semaphore<> task_ended_{0};
    std::vector<std::unique_ptr<shard>> shards_;
    std::vector<std::jthread> threads_;
};

}  // namespace spargio::shard_test
