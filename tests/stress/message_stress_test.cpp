// Messages from several sources at once keep each source's order, through a mailbox that is full
// most of the time and a receiver that sleeps in between.

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "../shard/shard_threads.hpp"
#include "scale.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/shard/next_message.hpp"

namespace spargio::stress {
namespace {

using shard_test::root;
using shard_test::shard_threads;

task<std::uint64_t> receive(std::uint64_t count, std::vector<std::uint64_t>& next) {
    std::uint64_t out_of_order = 0;
    while (count-- > 0) {
        const auto received = co_await detail::message_awaiter();
        if (!received || received->source >= next.size()) {
            ++out_of_order;
            continue;
        }
        out_of_order += received->value != next[received->source]++ ? 1 : 0;
    }
    co_return out_of_order;
}

task<void> send(shard& target, unsigned source, std::uint64_t count) {
    for (std::uint64_t value = 0; value < count; ++value) {
        while (!target.try_send({.source = source, .value = value}))
            co_await yield();
    }
}

void exchange(unsigned capacity, unsigned spin_us) {
    constexpr unsigned threads = 2;
    const std::uint64_t each = times(200'000);
    shard_options options;
    options.ring.disabled = features_disabled_by_environment();
    options.mailbox_capacity = capacity;
    options.spin_us = spin_us;
    shard_threads shards(system_kernel(), 2, options);
    std::vector<std::uint64_t> next(threads + 1);
    root<std::uint64_t> receiver(shards[1], receive((threads + 1) * each, next));
    std::binary_semaphore ended{0};
    receiver.at_end = [&] { ended.release(); };
    receiver.start();
    std::vector<std::jthread> sources;
    for (unsigned source = 0; source < threads; ++source) {
        sources.emplace_back([&, source] {
            for (std::uint64_t value = 0; value < each; ++value) {
                while (!shards[1].try_send({.source = source, .value = value}))
                    std::this_thread::yield();
            }
        });
    }
    shards.run(0, send(shards[1], threads, each));
    sources.clear();
    ended.acquire();
    EXPECT_EQ(receiver.take(), 0u);
    EXPECT_EQ(next, std::vector<std::uint64_t>(threads + 1, each));
}

TEST(Messages, KeepTheirOrderThroughTwoSlots) {
    exchange(2, 0);
}

TEST(Messages, KeepTheirOrderThroughManySlots) {
    exchange(1024, 0);
}

TEST(Messages, KeepTheirOrderForOneWhoSpins) {
    exchange(64, 20);
}

}  // namespace
}  // namespace spargio::stress
