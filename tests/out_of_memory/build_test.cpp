// A runtime that cannot be built for want of memory says so and leaves nothing behind.

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <thread>

#include "failing_memory.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio::memory_test {
namespace {

std::size_t entries_of(const char* directory) {
    const std::filesystem::directory_iterator all(directory);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t threads() {
    return entries_of("/proc/self/task");
}
/// One that was joined is listed for a moment yet.
void await_threads(std::size_t expected) {
    while (threads() > expected)
        std::this_thread::yield();
}

/// What the process holds, as far as it can be counted.
struct holdings {
    std::size_t descriptors = entries_of("/proc/self/fd");
    std::size_t blocks = blocks_in_use();
    bool signal_blocked = [] {
        sigset_t mask;
        ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        return sigismember(&mask, SIGUSR2) == 1;
    }();
    bool operator==(const holdings&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const holdings& held) {
        return out << held.descriptors << " descriptors, " << held.blocks << " blocks, signal "
                   << (held.signal_blocked ? "blocked" : "not blocked");
    }
};

class OutOfMemoryBuild : public OutOfMemory, public ::testing::WithParamInterface<feature_set> {};

TEST_P(OutOfMemoryBuild, SaysSoAndLeavesNothing) {
    const std::size_t threads_before = threads();
    runtime_builder builder;
    builder.shards(2).hot_tags({1}).coalesced_hot_tags({{2, 1}}).block_signals({SIGUSR2});
    for (unsigned each = 0; each != feature_count; ++each) {
        if (GetParam().has(static_cast<feature>(each)))
            builder.disable(static_cast<feature>(each));
    }
    const auto use = [](runtime own) {
        EXPECT_EQ(own.block_on(1, []() -> task<int> { co_return 7; }), 7);
    };
    // What is kept for the whole process is there from here on.
    use(detail::build_or_throw(builder));
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGUSR2);
    ::pthread_sigmask(SIG_UNBLOCK, &usual, nullptr);
    const holdings before;
    fail_each_allocation([&](std::uint64_t number) {
        auto built = [&] {
            const failing_memory failing(number);
            auto outcome = builder.build();
            return std::pair(std::move(outcome), failing.has_failed());
        }();
        if (built.first) {
            ::pthread_sigmask(SIG_UNBLOCK, &usual, nullptr);
            use(*std::move(built.first));
            return built.second;
        }
        EXPECT_TRUE(built.second);
        EXPECT_EQ(built.first.error().code, std::errc::not_enough_memory);
        EXPECT_EQ(built.first.error().message, "out of memory");
        EXPECT_EQ(holdings(), before);
        await_threads(threads_before);
        return true;
    });
    EXPECT_EQ(holdings(), before);
}

INSTANTIATE_TEST_SUITE_P(With, OutOfMemoryBuild,
                         ::testing::Values(feature_set(), feature_set{feature::message_ring}),
                         [](const auto& tested) {
                             return tested.param == feature_set() ? "all_features"
                                                                  : "no_message_ring";
                         });

task<void> sleep_long() {
    (void)co_await sleep_for(std::chrono::hours(1));
}

/// More than are remembered without memory.
TEST_F(OutOfMemory, AShutdownAsksEveryTaskAllTheSame) {
    auto own = detail::build_or_throw(runtime_builder().shards(2));
    for (unsigned i = 0; i != 200; ++i)
        own.handle().spawn(placement::pinned(i % 2), sleep_long())->detach();
    const failing_memory failing(0, from_then_on);
    const shutdown_report report = own.shutdown_blocking();
    EXPECT_TRUE(report.clean());
}

/// Until it is let go; it does not heed a stop request.
task<void> stay_until(const std::atomic<bool>& may_end) {
    while (!may_end.load())
        co_await yield();
}

/// No lock is held, and it does not pass for done.
TEST_F(OutOfMemory, AShutdownThatThrewIsMadeAgain) {
    fail_each_allocation([](std::uint64_t number) {
        // What is left behind goes on looking at it.
        static std::atomic<bool> may_end;
        may_end = false;
        auto own = detail::build_or_throw(runtime_builder().shards(2));
        own.handle().spawn(placement::pinned(1), stay_until(may_end), {.name = "long"})->detach();
        bool threw = false;
        const bool failed = [&] {
            const failing_memory failing(number);
            try {
                EXPECT_FALSE(own.shutdown_blocking(std::chrono::milliseconds(1)).clean());
            } catch (const std::bad_alloc&) {
                threw = true;
            }
            return failing.has_failed();
        }();
        may_end = true;
        if (threw) {
            EXPECT_TRUE(own.shutdown_blocking().clean());
        }
        return failed;
    });
}

}  // namespace
}  // namespace spargio::memory_test
