// Thieves whose CPU others want, too: small things stay where they are, large ones do not.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <latch>

#include "../shard/forwarding_kernel.hpp"
#include "spargio/shard/shard.hpp"
#include "steal_stage.hpp"

namespace spargio {
namespace {

using runtime_test::comes_to_be;
using runtime_test::where_it_runs;

constexpr std::uint64_t ms = 1'000'000;

/// The system's, but for the time, which the test moves, and for what threads wait for their CPU:
/// as long as they run, on shards that are said to.
class crowded_kernel final : public shard_test::forwarding_kernel {
public:
    crowded_kernel() : forwarding_kernel(system_kernel()) {}

    std::atomic<std::uint64_t> time_ns = 1'000 * ms;
    std::array<std::atomic<bool>, 2> crowded{};
    std::array<std::atomic<bool>, 2> asleep{};
    std::atomic<int> open = 0;
    std::atomic<int> looks = 0;
    bool counts = true;

    int enter(::io_uring& ring, unsigned submit, unsigned wait, unsigned flags,
              std::uint64_t timeout_ns) noexcept override {
        const shard* const own = wait > 0 ? shard::current() : nullptr;
        if (own != nullptr)
            asleep.at(own->index()) = true;
        const int outcome = forwarding_kernel::enter(ring, submit, wait, flags, timeout_ns);
        if (own != nullptr)
            asleep.at(own->index()) = false;
        return outcome;
    }
    std::uint64_t now_ns() noexcept override { return time_ns; }
    int open_cpu_times() noexcept override {
        if (!counts)
            return -ENOENT;
        return open++;
    }
    cpu_times read_cpu_times(int /*source*/) noexcept override {
        ++looks;
        return {.ran_ns = time_ns,
                .waited_ns = crowded.at(shard::current()->index()) ? time_ns.load() : 0};
    }
    void close_cpu_times(int /*source*/) noexcept override { --open; }
};

/// Two shards, of which 0 gets a task that may be stolen and holds up what is behind it.
class ContendedCpu : public ::testing::Test {
protected:
    void open(unsigned contended_worth_ns) {
        auto built =
            runtime_test::stealing_alone(
                2, {.item_worth_ns = 0, .worth_ns = 0, .contended_worth_ns = contended_worth_ns})
                .build_on(kernel_);
        ASSERT_TRUE(built.has_value()) << built.error().message;
        runtime_.emplace(std::move(*built));
    }
    /// A millisecond later. \return whether shard 1 steals it.
    bool stolen() {
        EXPECT_TRUE(comes_to_be([&] { return kernel_.asleep[0] && kernel_.asleep[1]; }));
        kernel_.time_ns += ms;
        std::latch queued(1), over(1);
        std::atomic<bool> begun = false;
        auto holder = value_or_throw(runtime_->handle().spawn_pinned(0, [&]() -> task<void> {
            auto small = value_or_throw(this_runtime().spawn_stealable_on(0, [&]() -> task<void> {
                begun = true;
                co_return;
            }));
            queued.count_down();
            over.wait();
            co_await small;
        }));
        queued.wait();
        // Whoever has done this looks for more, and sleeps when there is none.
        value_or_throw(runtime_->handle().spawn_pinned(1, where_it_runs)).wait();
        EXPECT_TRUE(comes_to_be([&] { return kernel_.asleep[1].load(); }));
        const bool was_stolen = begun;
        over.count_down();
        holder.wait();
        return was_stolen;
    }

    crowded_kernel kernel_;
    std::optional<runtime> runtime_;
};

TEST_F(ContendedCpu, LeavesSmallThingsWithWhoHasACpu) {
    open(30'000);
    kernel_.crowded[1] = true;
    EXPECT_TRUE(stolen());
    EXPECT_EQ(runtime_->stats(1).contentions, 0u);
    EXPECT_TRUE(stolen());  // and now it knows
    EXPECT_FALSE(stolen());
    EXPECT_FALSE(stolen());
    EXPECT_EQ(runtime_->stats(1).contentions, 1u);
    kernel_.time_ns += 4 * ms;
    EXPECT_TRUE(stolen()) << "it tries again";
}

TEST_F(ContendedCpu, TakesWhatIsWorthIt) {
    open(1);  // what nobody has measured yet is taken for more
    kernel_.crowded[1] = true;
    for (int i = 0; i != 4; ++i)
        EXPECT_TRUE(stolen());
    EXPECT_GE(kernel_.looks, 2);
}

TEST_F(ContendedCpu, DoesNotMatterToOneThatIsNot) {
    open(1'000'000'000);
    for (int i = 0; i != 6; ++i)
        EXPECT_TRUE(stolen());
    EXPECT_GE(kernel_.looks, 2);
}

TEST_F(ContendedCpu, IsNotLookedAtWhenThatIsOff) {
    open(0);
    kernel_.crowded[1] = true;
    for (int i = 0; i != 6; ++i)
        EXPECT_TRUE(stolen());
    EXPECT_EQ(kernel_.looks, 0);
    EXPECT_EQ(kernel_.open, 0);
}

TEST_F(ContendedCpu, IsNotKnownWhereNobodyCounts) {
    kernel_.counts = false;
    open(1'000'000'000);
    kernel_.crowded[1] = true;
    for (int i = 0; i != 6; ++i)
        EXPECT_TRUE(stolen());
}

TEST_F(ContendedCpu, IsWatchedAsLongAsTheShardRuns) {
    open(30'000);
    EXPECT_TRUE(comes_to_be([&] { return kernel_.open == 2; }));
    runtime_->shutdown_blocking();
    EXPECT_EQ(kernel_.open, 0);
}

TEST(CpuTimes, OfThisThreadGrowAsItRuns) {
    const int source = system_kernel().open_cpu_times();
    if (source < 0)
        GTEST_SKIP() << "this kernel does not count them, or /proc is not mounted";
    const cpu_times before = system_kernel().read_cpu_times(source);
    cpu_times after = before;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (after.ran_ns < before.ran_ns + 20 * ms && std::chrono::steady_clock::now() < end)
        after = system_kernel().read_cpu_times(source);
    EXPECT_GE(after.ran_ns, before.ran_ns + 20 * ms);
    EXPECT_GE(after.waited_ns, before.waited_ns);
    system_kernel().close_cpu_times(source);
}

}  // namespace
}  // namespace spargio
