// Chains of awaits that are ready at once, as the build's own flags compile them. In
// no_tail_calls_test.cpp the same runs where a transfer is an ordinary call.
#include "deep_chain.hpp"

SPARGIO_DEEP_CHAIN_TESTS(DeepChain)

namespace spargio {
namespace {

using test::root;
using test::run;
using test::test_executor;

task<> ready() {
    co_return;
}

task<> log_entry(std::vector<std::string>& log, std::string name) {
    log.push_back(std::move(name));
    co_return;
}

task<> busy(std::vector<std::string>& log, int awaits) {
    log.emplace_back("busy begins");
    for (int i = 0; i < awaits; ++i)
        co_await ready();
    log.emplace_back("busy ends");
}

TEST(Fairness, TaskWhoseAwaitsAreAlwaysReadyGoesToTheBackOfTheQueue) {
    std::vector<std::string> log;
    test_executor executor;
    root<void> first(executor, busy(log, detail::transfers_per_resume));
    root<void> second(executor, log_entry(log, "second"));
    root<void> third(executor, log_entry(log, "third"));
    executor.run();
    EXPECT_EQ(log, (std::vector<std::string>{"busy begins", "second", "third", "busy ends"}));
}

TEST(Fairness, TaskWithinItsShareRunsInOneGo) {
    std::vector<std::string> log;
    test_executor executor;
    root<void> first(executor, busy(log, 10));
    root<void> second(executor, log_entry(log, "second"));
    EXPECT_EQ(executor.run(), 2U);
    EXPECT_EQ(log, (std::vector<std::string>{"busy begins", "busy ends", "second"}));
}

TEST(Fairness, EachResumeHasAShareOfItsOwn) {
    auto body = []() -> task<> {
        for (int i = 0; i < 10 * detail::transfers_per_resume; ++i)
            co_await ready();
    };
    test_executor executor;
    root<void> started(executor, body());
    const std::size_t resumes = executor.run();
    // A call spends a transfer on its way down and one on its way back.
    EXPECT_GE(resumes, 20U);
    EXPECT_LE(resumes, 21U);
}

TEST(Fairness, ThreadWithoutAnExecutorHasNoQueueToGoTo) {
    detail::refill_transfers();
    for (int i = 0; i < 3 * detail::transfers_per_resume; ++i)
        EXPECT_TRUE(detail::spend_transfer());
    detail::refill_transfers();
}

TEST(Fairness, SpentShareStaysSpentUntilTheRefill) {
    test_executor executor;
    detail::executor_scope scope(&executor);
    detail::refill_transfers();
    for (int i = 0; i < detail::transfers_per_resume; ++i)
        EXPECT_TRUE(detail::spend_transfer());
    EXPECT_FALSE(detail::spend_transfer());
    EXPECT_FALSE(detail::spend_transfer());
    detail::refill_transfers();
    EXPECT_TRUE(detail::spend_transfer());
    detail::refill_transfers();
}

TEST(ExecutorScope, GivesThePreviousExecutorBack) {
    test_executor outer, inner;
    EXPECT_EQ(detail::current_executor(), nullptr);
    {
        detail::executor_scope first(&outer);
        {
            detail::executor_scope second(&inner);
            EXPECT_EQ(detail::current_executor(), &inner);
        }
        EXPECT_EQ(detail::current_executor(), &outer);
    }
    EXPECT_EQ(detail::current_executor(), nullptr);
}

}  // namespace
}  // namespace spargio
