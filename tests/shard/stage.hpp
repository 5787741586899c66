#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "root.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::shard_test {

inline testing::simulated_options alone(std::uint64_t seed) {
    return {.seed = seed, .foreign_threads = false};
}

inline shard_options small(unsigned spin_us = 0) {
    return {.ring = {.entries = 16, .cq_entries = 64}, .mailbox_capacity = 8, .spin_us = spin_us};
}

/// One shard on the calling thread, over any kernel.
class stage {
public:
    explicit stage(kernel& entry, const shard_options& options = small())
        : shard_(entry, as_environment_has_it(options)) {
        const auto opened = shard_.open();
        EXPECT_TRUE(opened) << opened.error().message();
        // That for a bell to be heard, if there is one: a test has a ring with nothing in it.
        if (shard_.io().unsubmitted() != 0)
            shard_.io().flush();
    }
    ~stage() { shard_.close(); }
    stage(const stage&) = delete;
    stage& operator=(const stage&) = delete;

    shard& operator*() { return shard_; }
    shard* operator->() { return &shard_; }

    /// Counts `task` among those run() waits for.
    template <class T>
    root<T>& add(root<T>& task) {
        ++alive_;
        task.at_end = [this, told = std::move(task.at_end)] {
            if (told)
                told();
            if (--alive_ == 0)
                shard_.request_exit();
        };
        task.start();
        return task;
    }
    /// Runs until every task that was added has ended. Once.
    void run() {
        if (alive_ == 0)
            shard_.request_exit();
        shard_.run();
        EXPECT_EQ(alive_, 0u);
    }
    /// Runs one task from its start to its end, and whatever else was added.
    template <class T>
    T run(task<T> body) {
        root<T> main(shard_, std::move(body));
        add(main);
        run();
        return main.take();
    }

private:
    shard shard_;
    unsigned alive_ = 0;
};

}  // namespace spargio::shard_test
