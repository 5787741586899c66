// What build() refuses, by name, and what it takes.

#include <gtest/gtest.h>

#include <cctype>
#include <functional>
#include <string>

#include "process.hpp"
#include "spargio/runtime/runtime.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio {
namespace {

using change = std::function<void(runtime_builder&)>;

struct bad_value {
    std::string option;  // as the sentence names it
    std::string value;
    change set;
};

class BuilderRefuses : public ::testing::TestWithParam<bad_value> {};

TEST_P(BuilderRefuses, TheValueByName) {
    const std::size_t before = runtime_test::descriptors();
    runtime_builder builder;
    builder.shards(2);
    GetParam().set(builder);
    const auto built = builder.build();
    ASSERT_FALSE(built.has_value());
    EXPECT_EQ(built.error().code, errc::invalid_option);
    EXPECT_NE(built.error().message.find(GetParam().option), std::string::npos)
        << built.error().message;
    EXPECT_NE(built.error().message.find(GetParam().value), std::string::npos)
        << built.error().message;
    EXPECT_EQ(built.error().message.find('\n'), std::string::npos);
    EXPECT_EQ(runtime_test::descriptors(), before);
}

bad_value number(const std::string& option, unsigned value,
                 runtime_builder& (runtime_builder::*set)(unsigned)) {
    return {option, std::to_string(value),
            [=](runtime_builder& builder) { (builder.*set)(value); }};
}

template <class Options>
bad_value field(const std::string& option, unsigned value, unsigned Options::*which,
                runtime_builder& (runtime_builder::*set)(const Options&)) {
    return {option, std::to_string(value), [=](runtime_builder& builder) {
                Options options;
                options.*which = value;
                (builder.*set)(options);
            }};
}
bad_value stealing(const std::string& name, unsigned value, unsigned steal_options::*which) {
    return field("stealing." + name, value, which, &runtime_builder::stealing);
}
bad_value rescue(const std::string& name, unsigned value, unsigned rescue_options::*which) {
    return field("rescue." + name, value, which, &runtime_builder::rescue);
}
bad_value buffers(const std::string& name, unsigned value, unsigned buffer_options::*which) {
    return field("receive_buffers." + name, value, which, &runtime_builder::receive_buffers);
}

bad_value blocked(int signal) {
    return {"block_signals", std::to_string(signal), [=](runtime_builder& builder) {
                builder.block_signals({SIGUSR1, signal});
            }};
}

const bad_value bad_values[] = {
    stealing("capacity", 24, &steal_options::capacity),
    stealing("capacity", 131'072, &steal_options::capacity),
    stealing("probe_count", 0, &steal_options::probe_count),
    stealing("victim_stride", 0, &steal_options::victim_stride),
    stealing("batch_size", 0, &steal_options::batch_size),
    stealing("budget", 0, &steal_options::budget),
    stealing("backoff_min", 0, &steal_options::backoff_min),
    stealing("backoff_max", 1, &steal_options::backoff_max),
    stealing("worth_ns", 1'000'000'001, &steal_options::worth_ns),
    stealing("contended_worth_ns", 1'000'000'001, &steal_options::contended_worth_ns),
    stealing("capacity", 8, &steal_options::capacity),
    stealing("probe_count", 65'537, &steal_options::probe_count),
    stealing("victim_stride", 65'537, &steal_options::victim_stride),
    stealing("batch_size", 65'537, &steal_options::batch_size),
    stealing("locality_margin", 65'537, &steal_options::locality_margin),
    stealing("item_worth_ns", 1'000'000'001, &steal_options::item_worth_ns),
    stealing("budget", 65'537, &steal_options::budget),
    stealing("fail_cost", 65'537, &steal_options::fail_cost),
    stealing("backoff_min", 65'537, &steal_options::backoff_min),
    stealing("backoff_max", 65'537, &steal_options::backoff_max),
    stealing("wake_delay_ns", 1'000'000'001, &steal_options::wake_delay_ns),
    rescue("after_us", 9, &rescue_options::after_us),
    rescue("after_us", 1'000'001, &rescue_options::after_us),
    rescue("watch_us", 49, &rescue_options::watch_us),
    rescue("watch_us", 1'000'001, &rescue_options::watch_us),
    rescue("stuck_us", 49, &rescue_options::stuck_us),
    rescue("stuck_us", 1'000'001, &rescue_options::stuck_us),
    rescue("linger_ms", 60'001, &rescue_options::linger_ms),
    buffers("count", 3, &buffer_options::count),
    buffers("count", 32'769, &buffer_options::count),
    buffers("size", 255, &buffer_options::size),
    buffers("size", 1'048'577, &buffer_options::size),
    number("shards", 0, &runtime_builder::shards),
    number("shards", 257, &runtime_builder::shards),
    number("ring_entries", 0, &runtime_builder::ring_entries),
    number("ring_entries", 8, &runtime_builder::ring_entries),
    number("ring_entries", 24, &runtime_builder::ring_entries),
    number("ring_entries", 65536, &runtime_builder::ring_entries),
    number("cq_entries", 0, &runtime_builder::cq_entries),
    number("cq_entries", 128, &runtime_builder::cq_entries),
    number("cq_entries", 1000, &runtime_builder::cq_entries),
    number("cq_entries", 131072, &runtime_builder::cq_entries),
    number("operations_in_flight", 15, &runtime_builder::operations_in_flight),
    number("operations_in_flight", (1u << 24) + 1, &runtime_builder::operations_in_flight),
    number("io_workers", 0, &runtime_builder::io_workers),
    number("io_workers", 1025, &runtime_builder::io_workers),
    number("mailbox_capacity", 0, &runtime_builder::mailbox_capacity),
    number("mailbox_capacity", 1, &runtime_builder::mailbox_capacity),
    number("mailbox_capacity", 3, &runtime_builder::mailbox_capacity),
    number("mailbox_capacity", 1u << 21, &runtime_builder::mailbox_capacity),
    {"hot_tags", "65",
     [](runtime_builder& builder) { builder.hot_tags(std::vector<std::uint32_t>(65)); }},
    {"hot_tags", "twice",
     [](runtime_builder& builder) {
         builder.hot_tags({3, 4, 3});
     }},
    {"coalesced_hot_tags", "65",
     [](runtime_builder& builder) { builder.coalesced_hot_tags(std::vector<coalesced_tag>(65)); }},
    {"coalesced_hot_tags", "tag 4",
     [](runtime_builder& builder) {
         builder.hot_tags({4}).coalesced_hot_tags({{5}, {4}});
     }},
    {"coalesced_hot_tags", "0",
     [](runtime_builder& builder) {
         builder.coalesced_hot_tags({{4, 0}});
     }},
    {"max_tasks", "0", [](runtime_builder& builder) { builder.max_tasks(0); }},
    number("spin_us", 10001, &runtime_builder::spin_us),
    number("blocking_threads", 0, &runtime_builder::blocking_threads),
    number("blocking_threads", 1025, &runtime_builder::blocking_threads),
    number("blocking_queue", (1u << 20) + 1, &runtime_builder::blocking_queue),
    {"thread_name", "''", [](runtime_builder& builder) { builder.thread_name(""); }},
    {"thread_name", "'twelve_chars'",
     [](runtime_builder& builder) { builder.thread_name("twelve_chars"); }},
    {"affinity", "1 CPUs for 2 shards", [](runtime_builder& builder) { builder.affinity({0}); }},
    {"affinity", "3 CPUs for 2 shards",
     [](runtime_builder& builder) {
         builder.affinity({0, 0, 0});
     }},
    {"affinity", "1024",
     [](runtime_builder& builder) {
         builder.affinity({0, 1024});
     }},
    // In range, but not on this machine.
    {"affinity", "CPU 1023",
     [](runtime_builder& builder) {
         builder.affinity({0, 1023});
     }},
    blocked(0),
    blocked(-1),
    blocked(65),
    blocked(32),  // the C library's own
    blocked(SIGKILL),
    blocked(SIGSTOP),
};

std::string name_of(const ::testing::TestParamInfo<bad_value>& info) {
    std::string name = info.param.option + '_' + info.param.value;
    for (char& each : name) {
        if (std::isalnum(static_cast<unsigned char>(each)) == 0)
            each = '_';
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Builder, BuilderRefuses, ::testing::ValuesIn(bad_values), name_of);

struct good_value {
    const char* name;
    change set;
};

class BuilderTakes : public ::testing::TestWithParam<good_value> {};

TEST_P(BuilderTakes, TheEndsOfTheRange) {
    testing::simulated_kernel kernel;
    runtime_builder builder;
    builder.shards(1);
    GetParam().set(builder);
    const auto built = builder.build_on(kernel);
    EXPECT_TRUE(built.has_value()) << built.error().message;
}

const good_value good_values[] = {
    {"fewest_entries", [](runtime_builder& b) { b.ring_entries(16).cq_entries(16); }},
    {"most_entries", [](runtime_builder& b) { b.ring_entries(32768); }},
    {"most_completions", [](runtime_builder& b) { b.cq_entries(65536); }},
    {"least_stealing",
     [](runtime_builder& b) {
         b.stealing({.probe_count = 1,
                     .batch_size = 1,
                     .item_worth_ns = 0,
                     .worth_ns = 0,
                     .contended_worth_ns = 0,
                     .budget = 1,
                     .fail_cost = 0,
                     .backoff_min = 1,
                     .backoff_max = 1,
                     .wake_delay_ns = 0,
                     .capacity = 16});
     }},
    {"most_stealing",
     [](runtime_builder& b) {
         constexpr unsigned most = 65'536, second_ns = 1'000'000'000;
         b.stealing({.probe_count = most,
                     .victim_stride = most,
                     .batch_size = most,
                     .locality_margin = most,
                     .item_worth_ns = second_ns,
                     .worth_ns = second_ns,
                     .contended_worth_ns = second_ns,
                     .budget = most,
                     .fail_cost = most,
                     .backoff_min = most,
                     .backoff_max = most,
                     .wake_delay_ns = second_ns,
                     .capacity = most});
     }},
    {"no_rescue", [](runtime_builder& b) { b.rescue({.after_us = 0}); }},
    {"soonest_rescue",
     [](runtime_builder& b) {
         b.rescue({.after_us = 10, .watch_us = 50, .stuck_us = 50, .linger_ms = 0});
     }},
    {"latest_rescue",
     [](runtime_builder& b) {
         constexpr unsigned second_us = 1'000'000;
         b.rescue({second_us, second_us, second_us, 60'000});
     }},
    {"fewest_operations", [](runtime_builder& b) { b.operations_in_flight(16); }},
    {"one_io_worker", [](runtime_builder& b) { b.io_workers(1); }},
    {"most_io_workers", [](runtime_builder& b) { b.io_workers(1024); }},
    {"smallest_mailbox", [](runtime_builder& b) { b.mailbox_capacity(2); }},
    {"largest_mailbox", [](runtime_builder& b) { b.mailbox_capacity(1u << 20); }},
    {"hot_tags",
     [](runtime_builder& b) {
         b.hot_tags({1, 2}).coalesced_hot_tags({{3, 1}, {4, ~0ull}});
     }},
    {"one_task", [](runtime_builder& b) { b.max_tasks(1); }},
    {"any_number_of_tasks", [](runtime_builder& b) { b.max_tasks(~std::uint64_t{0}); }},
    {"longest_spin", [](runtime_builder& b) { b.spin_us(10'000); }},
    {"most_threads_and_no_queue",
     [](runtime_builder& b) { b.blocking_threads(1024).blocking_queue(0); }},
    {"shortest_name", [](runtime_builder& b) { b.thread_name("x"); }},
    {"longest_name", [](runtime_builder& b) { b.thread_name("elevenchars"); }},
    {"no_blocked_signals", [](runtime_builder& b) { b.block_signals({}); }},
};

INSTANTIATE_TEST_SUITE_P(Builder, BuilderTakes, ::testing::ValuesIn(good_values),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace spargio
