// Forks that are queued and taken back without a call to the executor.

#include "spargio/core/fork_lane.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "spargio/core/executor.hpp"
#include "spargio/core/transfer.hpp"
#include "spargio/core/when_all.hpp"

namespace spargio {
namespace {

using detail::fork_lane;
using popped = detail::split_deque::popped;

struct item : detail::work_item {
    item() : work_item([](work_item&) noexcept {}) {}
};

class ForkLane : public ::testing::Test {
protected:
    bool push(item& fork) { return items.push(fork); }

    detail::split_deque items{4};
    std::atomic<bool> worth = true;
    detail::counter<> taken_back;
    detail::work_share others{2};
    fork_lane lane{items, worth, taken_back};
    item forks[3];
};

TEST_F(ForkLane, GivesBackTheOneThatWasQueuedLastAndCountsIt) {
    ASSERT_TRUE(push(forks[0]) && push(forks[1]));
    EXPECT_EQ(lane.take_back(forks[0]), popped::no);
    EXPECT_EQ(lane.take_back(forks[1]), popped::yes);
    EXPECT_EQ(lane.take_back(forks[0]), popped::yes);
    EXPECT_EQ(taken_back.get(), 2u);
}

TEST_F(ForkLane, AsksWhenOthersHaveNothingOfIt) {
    lane.meet(others);
    ASSERT_TRUE(push(forks[0]) && push(forks[1]));
    EXPECT_TRUE(lane.keeps_all());
    EXPECT_EQ(lane.take_back(forks[1]), popped::contested);
    items.share(1);
    EXPECT_FALSE(lane.keeps_all());
    EXPECT_EQ(lane.take_back(forks[1]), popped::yes);
}

TEST_F(ForkLane, KeepsAllOfWhatIsNotWorthBeingShared) {
    lane.meet(others);
    worth = false;
    ASSERT_TRUE(push(forks[0]));
    EXPECT_FALSE(lane.keeps_all());
    EXPECT_EQ(lane.take_back(forks[0]), popped::yes);
}

TEST_F(ForkLane, AsksWhileAnybodyHasNothingToDo) {
    lane.meet(others);
    ASSERT_TRUE(push(forks[0]) && push(forks[1]) && push(forks[2]));
    items.share(2);
    others.sleeps();
    EXPECT_EQ(lane.take_back(forks[2]), popped::contested);
    others.woke_up();
    EXPECT_EQ(lane.take_back(forks[2]), popped::yes);
    others.sleeps();
    EXPECT_EQ(lane.take_back(forks[1]), popped::contested);
    // What is not worth being shared is not worth being asked about either.
    worth = false;
    EXPECT_EQ(lane.take_back(forks[1]), popped::yes);
}

TEST_F(ForkLane, AsksForWhatOthersMayTake) {
    ASSERT_TRUE(push(forks[0]));
    items.share(0);
    EXPECT_EQ(lane.take_back(forks[0]), popped::contested);
    EXPECT_EQ(items.take(), &forks[0]);
}

TEST(NoForkLane, IsAlwaysAsked) {
    fork_lane none;
    item fork;
    EXPECT_EQ(none.items(), nullptr);
    EXPECT_EQ(none.take_back(fork), popped::contested);
}

/// Runs what is deferred, forks out of a lane of four first.
class forking_executor final : public detail::executor {
public:
    forking_executor() { keep_forks_in({next_, worth_, taken_back}); }

    void post(detail::work_item& posted) noexcept override { defer(posted); }
    void defer(detail::work_item& deferred) noexcept override { ready_.push(deferred); }

    void run() {
        detail::executor_scope scope(this);
        for (;;) {
            detail::work_item* ready = next_.pop();
            if (ready == nullptr) {
                if (ready_.empty())
                    return;
                ready = &ready_.pop();
            }
            detail::refill_transfers();
            ready->run(*ready);
        }
    }

    detail::counter<> taken_back;

private:
    std::atomic<bool> worth_ = true;
    detail::split_deque next_{4};
    detail::work_list ready_;
};

task<int> number(int value) {
    co_return value;
}

task<std::vector<int>> numbers(int count) {
    std::vector<task<int>> children;
    for (int value = 0; value != count; ++value)
        children.push_back(number(value));
    co_return co_await when_all(std::move(children));
}

TEST(Forks, ThatDoNotFitIntoTheLaneAreRunTheOrdinaryWay) {
    forking_executor here;
    detail::task_record record(here);
    record.runs_as = detail::work_kind::stealable;
    task<std::vector<int>> parent = numbers(10);
    parent.promise().env = &record.env;
    here.defer(parent.promise());
    here.run();
    const std::vector<int> values = parent.promise().slot.take();
    ASSERT_EQ(values.size(), 10u);
    for (int value = 0; value != 10; ++value)
        EXPECT_EQ(values[static_cast<std::size_t>(value)], value);
    // Those in the lane are numbers 6 to 9: the first of them is run, and takes the others back.
    EXPECT_EQ(here.taken_back.get(), 3u);
}

TEST(Forks, ThatNobodyTakesAreRunOneAfterTheOther) {
    forking_executor here;
    detail::task_record record(here);
    record.runs_as = detail::work_kind::stealable;
    task<std::vector<int>> parent = numbers(5);
    parent.promise().env = &record.env;
    here.defer(parent.promise());
    here.run();
    EXPECT_EQ(parent.promise().slot.take().size(), 5u);
    EXPECT_EQ(here.taken_back.get(), 4u);
}

}  // namespace
}  // namespace spargio
