// What a real kernel does once in a blue moon, from the runtime down on the simulated one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "simulated_operations.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/ring/ops/send.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/fault_sweep.hpp"
#include "spargio/time/sleep.hpp"
#include "trap_steps.hpp"

namespace spargio::trap_test {
namespace {

using testing::simulated_kernel;
using testing::simulated_options;

std::expected<runtime, error> small_runtime(simulated_kernel& kernel, unsigned shards = 1) {
    return runtime_builder().shards(shards).ring_entries(16).cq_entries(16).spin_us(0).build_on(
        kernel);
}

auto receive(int descriptor, std::span<std::byte> buffer) {
    return detail::await_operation<recv_operation>(detail::decode_count(), nullptr, descriptor,
                                                   buffer);
}

task<void> send_all(int descriptor, std::span<const std::byte> bytes) {
    while (!bytes.empty())
        bytes = bytes.subspan(value_or_throw(co_await detail::await_operation<send_operation>(
            detail::decode_count(), nullptr, descriptor, bytes)));
}

task<void> expect_all(int descriptor, std::span<const std::byte> bytes) {
    std::vector<std::byte> buffer(700);
    while (!bytes.empty()) {
        const auto count = value_or_throw(co_await receive(descriptor, buffer));
        if (count == 0 || !std::ranges::equal(std::span(buffer).first(count), bytes.first(count)))
            throw std::runtime_error("wrong bytes");
        bytes = bytes.subspan(count);
    }
}

task<void> files_by_pieces(std::string name, std::span<const std::byte> bytes) {
    auto file = value_or_throw(
        co_await fs::file::open(std::move(name), fs::open_options().read().write().create()));
    value_or_throw(co_await file.write_all_at(bytes, 0));
    std::vector<std::byte> back(bytes.size());
    value_or_throw(co_await file.read_exact_at(back, 0));
    EXPECT_TRUE(std::ranges::equal(back, bytes));
    value_or_throw(co_await file.close());
}

task<void> many_at_once(simulated_kernel& kernel, std::span<const std::byte> bytes) {
    std::vector<task<void>> all;
    for (unsigned i = 0; i < 20; ++i) {
        const auto [one, other] = kernel.stream_pair(300);
        all.push_back(send_all(one, bytes));
        all.push_back(expect_all(other, bytes));
        all.push_back(files_by_pieces("/tmp/" + std::to_string(i), bytes));
    }
    co_await when_all(std::move(all));
}

void run_many(const simulated_options& options) {
    simulated_kernel kernel(options);
    const auto bytes = pattern(2000);
    {
        auto built = small_runtime(kernel);
        ASSERT_TRUE(built) << built.error().message;
        built->block_on([&] { return many_at_once(kernel, bytes); });
        EXPECT_EQ(built->stats(0).operations_in_flight, 0u);
    }
    EXPECT_EQ(kernel.foreign_entries(), 0u);
    EXPECT_EQ(kernel.pending_requests(), 0u);
}

TEST(SimulatedStack, ShortTransfersAreContinued) {
    for (std::uint64_t round = 0; round < rounds(5); ++round)
        run_many({.seed = testing::process_seed() + round, .short_percent = 90});
}

TEST(SimulatedStack, AFullQueueOrAnInterruptedEntryLosesNothing) {
    for (std::uint64_t round = 0; round < rounds(10); ++round)
        run_many({.seed = testing::process_seed() + round, .noise_percent = 60});
}

TEST(SimulatedStack, AnOverflowingCompletionQueueLosesNothing) {
    for (std::uint64_t round = 0; round < rounds(5); ++round)
        run_many({.seed = testing::process_seed() + round, .cq_entries = 4, .noise_percent = 20});
}

/// Forty operations, with the entry number `at` and those after it taking nothing.
void full_queue_at(unsigned at) {
    simulated_kernel kernel({.seed = testing::process_seed()});
    auto built = small_runtime(kernel);
    ASSERT_TRUE(built);
    kernel.script_entries(testing::fault_plan::cut_short, at);
    kernel.script_entries(-EAGAIN, 3);
    kernel.script_entries(-EBUSY, 3);
    const auto bytes = pattern(200);
    built->block_on([&] { return many_at_once(kernel, bytes); });
}

TEST(SimulatedStack, EveryAcquisitionMayFindTheQueueFull) {
    for (unsigned at = 0; at < 30; ++at)
        full_queue_at(at);
}

struct race_tally {
    unsigned cancelled = 0;
    unsigned whole = 0;
};

/// A receive that is stopped; the byte is either in the buffer or still in the socket.
task<void> stop_a_receive(simulated_kernel& kernel, race_tally& tally) {
    const auto [one, other] = kernel.stream_pair();
    std::array<std::byte, 1> buffer{};
    auto running = value_or_throw(
        this_shard::spawn([](int number, std::span<std::byte> into) -> task<result<std::size_t>> {
            co_return co_await receive(number, into);
        }(one, buffer)));
    co_await yield();
    const std::byte sent{9};
    kernel.write(other, std::span(&sent, 1));
    running.request_stop();
    const auto answer = co_await std::move(running);
    std::array<std::byte, 1> left{};
    const int found = kernel.read(one, left);
    if (answer) {
        ++tally.whole;
        EXPECT_EQ(buffer[0], sent);
        EXPECT_EQ(found, -EAGAIN);
    } else {
        ++tally.cancelled;
        EXPECT_EQ(answer.error(), std::errc::operation_canceled);
        EXPECT_EQ(found, 1) << "the byte was lost to the cancel";
    }
    kernel.close(one);
    kernel.close(other);
}

TEST(SimulatedStack, TheAcknowledgementMayComeBeforeOrAfterTheLastCompletion) {
    using enum testing::cancel_order;
    race_tally tally;
    for (const auto order : {acknowledgement_first, target_first}) {
        for (const auto race :
             {testing::cancel_race::cancel_wins, testing::cancel_race::result_wins,
              testing::cancel_race::already_running}) {
            for (std::uint64_t round = 0; round < rounds(20); ++round) {
                simulated_kernel kernel(
                    {.seed = testing::process_seed() + round, .order = order, .race = race});
                auto built = small_runtime(kernel);
                ASSERT_TRUE(built);
                built->block_on([&] { return stop_a_receive(kernel, tally); });
            }
        }
    }
    EXPECT_GT(tally.cancelled, 0u);
    EXPECT_GT(tally.whole, 0u);
}

TEST(SimulatedStack, AnInterruptedWaitDoesNotBeginAnew) {
    constexpr std::uint64_t length = 10'000'000;
    simulated_kernel kernel({.seed = testing::process_seed()});
    auto built = small_runtime(kernel);
    ASSERT_TRUE(built);
    built->block_on([&]() -> task<void> {
        kernel.script_entries(-EINTR, 50);
        const std::uint64_t start = kernel.now_ns();
        value_or_throw(co_await sleep_for(std::chrono::nanoseconds(length)));
        const std::uint64_t slept = kernel.now_ns() - start;
        EXPECT_GE(slept, length);
        EXPECT_LT(slept, length + length / 10);
    });
}

task<void> spawn_back_and_forth() {
    for (unsigned i = 0; i < 10; ++i)
        co_await value_or_throw(
            this_runtime().spawn(placement::pinned(1), []() -> task<void> { co_return; }));
}

TEST(SimulatedStack, ABellThatCannotBeRungIsRungAnotherWay) {
    unsigned ended = 0;
    const auto scenario = [&](simulated_kernel& kernel) {
        auto built = small_runtime(kernel, 2);
        if (!built)
            return;
        built->block_on(spawn_back_and_forth());
        ++ended;
    };
    // The other way is an eventfd. The register call, the second of two ways between rings, can be
    // told that a ring is gone only when it is.
    testing::fault_sweep(scenario, {.missing = {feature::register_message}});
    EXPECT_GT(ended, 10u);
}

TEST(SimulatedStack, AKernelThatRefusesIoUringGivesAClearAnswer) {
    for (const int refusal : {ENOSYS, EPERM, ENOMEM, EMFILE}) {
        simulated_kernel kernel({.seed = testing::process_seed(), .create_error = refusal});
        const auto built = small_runtime(kernel, 2);
        ASSERT_FALSE(built);
        EXPECT_GT(built.error().message.size(), 20u);
        EXPECT_EQ(kernel.open_descriptors(), 0u);
    }
}

}  // namespace
}  // namespace spargio::trap_test
