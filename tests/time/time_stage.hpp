#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "spargio/runtime/run.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::time_test {

/// A runtime of two shards under a clock that jumps.
class stage : public ::testing::Test {
protected:
    stage() : own_(*runtime_builder().shards(2).build_on(kernel_)) {}

    template <class Entry>
    auto run(Entry entry) {
        return own_.block_on(std::move(entry));
    }

    testing::simulated_kernel kernel_;
    runtime own_;
};

}  // namespace spargio::time_test
