#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "ring_steps.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::ring_test {

/// Options for a test on one thread: a wait for nothing ends the test, not the patience.
inline testing::simulated_options alone(std::uint64_t seed) {
    return {.seed = seed, .foreign_threads = false};
}

/// A kernel, the mode a ring is opened in, and the world around it.
struct kernel_case {
    const char* name;
    bool real;
    bool deferred = false;
    feature_set disabled{};
};

inline void PrintTo(const kernel_case& which, std::ostream* out) {
    *out << which.name;
}

inline std::string name_of(const ::testing::TestParamInfo<kernel_case>& info) {
    return info.param.name;
}

inline const kernel_case all_kernels[] = {
    {"simulated", false},
    {"simulated_deferred", false, true},
    {"simulated_plain", false, false, {feature::cooperative_taskrun}},
    {"simulated_without_messages", false, false, {feature::message_ring}},
    {"real", true},
    {"real_deferred", true, true},
    {"real_plain", true, false, {feature::cooperative_taskrun}},
    {"real_without_messages", true, false, {feature::message_ring}},
};

/// A test that runs on the simulated kernel and on the real one, in every mode of a ring.
class OnEveryKernel : public ::testing::TestWithParam<kernel_case> {
protected:
    kernel& entry() {
        if (GetParam().real)
            return system_kernel();
        if (simulated_ == nullptr)
            simulated_ = std::make_unique<testing::simulated_kernel>(options);
        return *simulated_;
    }
    ring_options small(unsigned cq_entries = 64) const {
        return {.entries = 16,
                .cq_entries = cq_entries,
                .most_in_flight = cq_entries,
                .deferred = GetParam().deferred,
                .disabled = GetParam().disabled};
    }
    std::pair<int, int> stream_pair() {
        entry();
        if (simulated_ != nullptr)
            return simulated_->stream_pair();
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        return {ends[0], ends[1]};
    }
    void write(int descriptor, std::string_view text) {
        const auto bytes = bytes_of(text);
        const auto written = simulated_ != nullptr
                                 ? simulated_->write(descriptor, bytes)
                                 : ::write(descriptor, bytes.data(), bytes.size());
        EXPECT_EQ(written, static_cast<ssize_t>(text.size()));
    }
    void close(std::pair<int, int> descriptors) {
        for (const int descriptor : {descriptors.first, descriptors.second})
            simulated_ != nullptr ? simulated_->close(descriptor) : ::close(descriptor);
    }
    std::size_t open_descriptors() {
        entry();
        if (simulated_ != nullptr)
            return simulated_->open_descriptors();
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    [[nodiscard]] bool has(feature which) const { return !GetParam().disabled.has(which); }
    [[nodiscard]] bool real() const { return GetParam().real; }

    testing::simulated_options options = alone(testing::process_seed());
    std::unique_ptr<testing::simulated_kernel> simulated_;
};

}  // namespace spargio::ring_test
