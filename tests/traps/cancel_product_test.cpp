// Every operation, cancelled at every moment: what is answered is either the whole result, or
// operation_canceled and then nothing was done. Bytes, messages, signals and descriptors are never
// lost, and everything ends.

#include <gtest/gtest.h>

#include <csignal>

#include "cancel_case.hpp"
#include "spargio/core/pause.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::trap_test {
namespace {

class CancelProduct : public ::testing::TestWithParam<cancel_case> {
protected:
    /// Runs `scenario(case)` on shard 0 of 2. One kernel worker a shard, for busy_worker.
    template <class Scenario>
    static void on_shards(Scenario scenario) {
        run_with(runtime_builder()
                     .shards(2)
                     .ring_entries(16)
                     .io_workers(1)
                     .block_signals({SIGUSR2})
                     .hot_tags({hot_tag})
                     .coalesced_hot_tags({{counted_tag, hot_threshold}}),
                 [=] { return scenario(GetParam()); });
    }
};

/// Those operations that can wait in the kernel, or on the shard, for ever.
class CancelInFlight : public CancelProduct {};

task<void> turns(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
        co_await yield();
}

/// Either all of it or nothing.
task<void> settle(const cancel_case& tested, cancel_subject& subject, const result<void>& answer) {
    if (!answer) {
        EXPECT_EQ(answer.error(), std::errc::operation_canceled);
        EXPECT_FALSE(tested.always_done);
    }
    co_await subject.check(!answer);
}

// --- before ----------------------------------------------------------------------------------

task<void> stop_before_submit(cancel_case tested) {
    const std::size_t before = open_descriptors();
    {
        const auto subject = tested.make();
        auto running = value_or_throw(this_shard::spawn(subject->run()));
        running.request_stop();
        const auto answer = co_await std::move(running);
        EXPECT_EQ(answer.has_value(), tested.always_done);
        subject->let_end();
        co_await settle(tested, *subject, answer);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(CancelProduct, StopBeforeSubmitDoesNothing) {
    on_shards(stop_before_submit);
}

// --- in flight -------------------------------------------------------------------------------

using handle = join_handle<result<void>>;

task<void> request_stop_of(handle& running, unsigned pauses) {
    for (unsigned i = 0; i < pauses; ++i)
        detail::pause();
    running.request_stop();
    co_return;
}

task<void> stop_in_flight(cancel_case tested) {
    for (unsigned from = 0; from < 2; ++from) {
        const std::size_t before = open_descriptors();
        {
            const auto subject = tested.make_waiting();
            auto running = value_or_throw(this_shard::spawn(subject->run()));
            co_await turns(10);
            EXPECT_FALSE(running.is_done()) << "it did not wait";
            co_await value_or_throw(
                this_runtime().spawn(placement::pinned(from), request_stop_of(running, 0)));
            const auto answer = co_await std::move(running);
            EXPECT_FALSE(answer);
            subject->let_end();
            co_await settle(tested, *subject, answer);
        }
        EXPECT_EQ(open_descriptors(), before);
    }
}

TEST_P(CancelInFlight, StopEndsItAndDoesNothing) {
    on_shards(stop_in_flight);
}

task<void> time_out_in_flight(cancel_case tested) {
    const std::size_t before = open_descriptors();
    {
        const auto subject = tested.make_waiting();
        co_await turns(10);  // what it waits behind is in the kernel
        const auto answer = co_await timeout(std::chrono::microseconds(300), subject->run());
        EXPECT_FALSE(answer);
        EXPECT_EQ(answer.error(), std::errc::timed_out);
        subject->let_end();
        co_await subject->check(true);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(CancelInFlight, TimeoutEndsItAndDoesNothing) {
    on_shards(time_out_in_flight);
}

// --- racing ----------------------------------------------------------------------------------

task<void> let_end_after(cancel_subject& subject, std::uint64_t turn_count) {
    co_await turns(turn_count);
    subject.let_end();
}

/// From nothing to about what an operation in a kernel worker takes, the short ones more often.
std::uint64_t some_while(testing::random_source& random, unsigned most_bits) {
    return random.below(std::uint64_t{1} << random.below(most_bits));
}

task<void> race_a_stop(cancel_case tested) {
    testing::random_source random(testing::process_seed());
    const std::size_t before = open_descriptors();
    for (unsigned round = 0; round < rounds(60); ++round) {
        const auto subject = tested.make();
        auto running = value_or_throw(this_shard::spawn(subject->run()));
        const auto pauses = static_cast<unsigned>(some_while(random, 14));
        auto stopping = value_or_throw(
            this_runtime().spawn(placement::pinned(1), request_stop_of(running, pauses)));
        co_await let_end_after(*subject, random.below(6));
        co_await std::move(stopping);
        const auto answer = co_await std::move(running);
        co_await settle(tested, *subject, answer);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(CancelProduct, StopRacingTheCompletionIsAllOrNothing) {
    on_shards(race_a_stop);
}

task<void> race_a_deadline(cancel_case tested) {
    testing::random_source random(testing::process_seed());
    const std::size_t before = open_descriptors();
    for (unsigned round = 0; round < rounds(60); ++round) {
        const auto subject = tested.make();
        const auto limit = std::chrono::nanoseconds(some_while(random, 19));
        const auto [answer, ended] = co_await when_all(
            [](std::chrono::nanoseconds most, cancel_subject& timed) -> task<result<void>> {
                co_return co_await timeout(most, timed.run());
            }(limit, *subject),
            let_end_after(*subject, random.below(6)));
        if (!answer) {
            EXPECT_EQ(answer.error(), std::errc::timed_out);
            EXPECT_FALSE(tested.always_done);
        }
        co_await subject->check(!answer);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(CancelProduct, DeadlineRacingTheCompletionIsAllOrNothing) {
    on_shards(race_a_deadline);
}

// --- after -----------------------------------------------------------------------------------

task<void> stop_after_the_end(cancel_case tested) {
    const std::size_t before = open_descriptors();
    {
        const auto subject = tested.make();
        auto running = value_or_throw(this_shard::spawn(subject->run()));
        subject->let_end();
        while (!running.is_done())
            co_await yield();
        running.request_stop();
        const auto answer = co_await std::move(running);
        EXPECT_TRUE(answer);
        co_await settle(tested, *subject, answer);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_P(CancelProduct, StopAfterTheEndChangesNothing) {
    on_shards(stop_after_the_end);
}

std::vector<cancel_case> all_cases() {
    std::vector<cancel_case> all;
    for (const auto* some :
         {&stream_cases(), &connection_cases(), &file_cases(), &path_cases(), &task_cases(),
          &boundary_cases(), &time_and_io_cases(), &sync_cases(), &call_cases(), &message_cases(),
          &socket_message_cases(), &splice_cases(), &multishot_cases(), &datagram_stream_cases(),
          &zero_copy_cases(), &name_cases(), &datagram_cases(), &copy_cases()})
        all.insert(all.end(), some->begin(), some->end());
    return all;
}

std::vector<cancel_case> waiting_cases() {
    auto waiting = all_cases();
    std::erase_if(waiting, [](const cancel_case& each) { return each.make_waiting == nullptr; });
    return waiting;
}

std::string name_of(const ::testing::TestParamInfo<cancel_case>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Operations, CancelProduct, ::testing::ValuesIn(all_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Operations, CancelInFlight, ::testing::ValuesIn(waiting_cases()), name_of);

}  // namespace
}  // namespace spargio::trap_test
