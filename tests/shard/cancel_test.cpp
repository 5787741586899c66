// The cancel product: each kind of wait, stopped before it starts, in flight, together with its end
// in both orders, and after; by its own shard and by another thread. All on one thread under
// virtual time: what another thread would do is done here by nobody's hand.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <ostream>

#include "spargio/ring/ops/recv.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/shard/next_message.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"
#include "stage.hpp"

namespace spargio::shard_test {
namespace {

using testing::request_kind;
using testing::simulated_kernel;
using testing::simulated_options;

constexpr std::uint64_t middle_ns = 1'005'000'000;  // the simulated clock starts with one second
constexpr std::uint64_t end_ns = 1'010'000'000;

enum class waits_for { operation, deadline, message, timed_task };
enum class stopped_by { own_shard, another_thread };

std::ostream& operator<<(std::ostream& out, waits_for what) {
    constexpr std::array names = {"operation", "deadline", "message", "timed_task"};
    return out << names.at(static_cast<std::size_t>(what));
}
std::ostream& operator<<(std::ostream& out, stopped_by who) {
    return out << (who == stopped_by::own_shard ? "own_shard" : "another_thread");
}

using answer = result<std::size_t>;  // what was received, or 1 for what has no value

answer one_or_error(const auto& ended) {
    if (!ended)
        return failure(ended.error());
    return 1;
}

task<answer> receive(int descriptor) {
    std::array<std::byte, 16> buffer;
    co_return co_await detail::await_operation<recv_operation>(detail::decode_count{}, nullptr,
                                                               descriptor, std::span(buffer));
}
task<answer> sleep_to_the_end() {
    co_return one_or_error(co_await detail::sleep_awaiter(detail::sleep_awaiter::at{end_ns}));
}
task<answer> next_message() {
    co_return one_or_error(co_await detail::message_awaiter());
}
task<answer> limited(std::chrono::nanoseconds limit, task<answer> work) {
    co_return co_await timeout(limit, std::move(work));
}

/// One task that waits, on a shard of its own.
class product {
public:
    product(waits_for what, const simulated_options& options = alone(1))
        : what_(what),
          kernel(options),
          here(kernel),
          ends_(kernel.stream_pair()),
          waiting(*here, wait()) {
        waiting.at_end = [this] {
            turn_of_end = here->stats().turns;
            ended_at = kernel.now_ns();
        };
    }

    [[nodiscard]] bool ends_by_clock() const {
        return what_ == waits_for::deadline || what_ == waits_for::timed_task;
    }
    void stop(stopped_by who) {
        if (who == stopped_by::own_shard) {
            waiting.request_stop();
        } else {
            as_outsider([this] { waiting.request_stop(); });
        }
    }
    /// What is waited for happens; time is left to come by itself.
    void let_end() {
        if (what_ == waits_for::operation) {
            EXPECT_EQ(kernel.write(ends_.second, std::array<std::byte, 3>{}), 3);
            sent_ += 3;
        } else if (what_ == waits_for::message) {
            EXPECT_TRUE(here->try_send({.tag = 1, .value = 1}));
            ++sent_;
        }
    }
    /// Runs to the end. Whatever was sent has been received, or is still there.
    answer run() {
        here.add(waiting);
        here.run();
        const answer got = waiting.take();
        std::size_t left = 0;
        if (what_ == waits_for::operation) {
            std::array<std::byte, 16> rest;
            left = static_cast<std::size_t>(std::max(0, kernel.read(ends_.first, rest)));
        } else if (what_ == waits_for::message) {
            action never([] {});
            message received;
            shard::message_wait next{.room = std::span(&received, 1), .waiter = &never};
            if (here->receive(next)) {
                left = 1;
            } else {
                EXPECT_TRUE(here->stop_receiving(next));
            }
        }
        if (!ends_by_clock()) {
            EXPECT_EQ((got ? *got : 0) + left, sent_);
        }
        return got;
    }

private:
    task<answer> wait() {
        switch (what_) {
        case waits_for::operation:
            return receive(ends_.first);
        case waits_for::deadline:
            return sleep_to_the_end();
        case waits_for::message:
            return next_message();
        case waits_for::timed_task:
            break;
        }
        return limited(std::chrono::hours(1), sleep_to_the_end());
    }

    const waits_for what_;

public:
    simulated_kernel kernel;
    stage here;

private:
    const std::pair<int, int> ends_;
    std::size_t sent_ = 0;

public:
    root<answer> waiting;
    std::uint64_t turn_of_end = 0;
    std::uint64_t ended_at = 0;
};

class Cancel : public ::testing::TestWithParam<std::tuple<waits_for, stopped_by>> {
protected:
    const waits_for what = std::get<0>(GetParam());
    const stopped_by who = std::get<1>(GetParam());
};

INSTANTIATE_TEST_SUITE_P(
    Product, Cancel,
    ::testing::Combine(::testing::Values(waits_for::operation, waits_for::deadline,
                                         waits_for::message, waits_for::timed_task),
                       ::testing::Values(stopped_by::own_shard, stopped_by::another_thread)),
    [](const auto& tested) {
        return ::testing::PrintToString(std::get<0>(tested.param)) + "_by_" +
               ::testing::PrintToString(std::get<1>(tested.param));
    });

TEST_P(Cancel, BeforeItStarts) {
    product wait(what);
    wait.stop(who);
    const answer got = wait.run();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), std::errc::operation_canceled);
    EXPECT_LT(wait.ended_at, middle_ns);
    EXPECT_EQ(wait.kernel.requests(request_kind::recv), 0u);
    EXPECT_EQ(wait.here->stats().parks, 0u);
}

TEST_P(Cancel, InFlight) {
    product wait(what);
    alarm_clock stop(*wait.here, [&] { wait.stop(who); });
    stop.set(middle_ns);
    const answer got = wait.run();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), std::errc::operation_canceled);
    EXPECT_GE(wait.ended_at, middle_ns);
    EXPECT_LT(wait.ended_at, end_ns);
}

TEST_P(Cancel, JustBeforeTheEnd) {
    product wait(what);
    alarm_clock stop(*wait.here, [&] {
        wait.stop(who);
        wait.let_end();
    });
    stop.set(end_ns - 1'000);
    const answer got = wait.run();
    if (!got) {
        EXPECT_EQ(got.error(), std::errc::operation_canceled);
    }
    // Nobody but the task takes a message, and on its own shard it leaves the line first.
    if (what == waits_for::message && who == stopped_by::own_shard) {
        EXPECT_FALSE(got);
    }
}

/// The wait is over and its task queued, but has not run: the result stands. A note that is on its
/// way then is waited for, or it would find a frame that went on.
TEST_P(Cancel, BetweenTheEndAndTheResumption) {
    product wait(what);
    std::uint64_t turn_of_stop = 0;
    alarm_clock stop(*wait.here, [&] {
        turn_of_stop = wait.here->stats().turns;
        wait.stop(who);
        EXPECT_FALSE(wait.waiting.done());
    });
    // Both fall due within one look at the clock.
    if (wait.ends_by_clock())
        stop.set(end_ns - 1);
    alarm_clock end(*wait.here, [&] {
        wait.let_end();
        wait.kernel.settle();
        wait.here->io().flush();
        // Taken before the completions and messages of the same turn.
        stop.ring_next_turn();
    });
    if (!wait.ends_by_clock())
        end.set(middle_ns);
    const answer got = wait.run();
    EXPECT_TRUE(got) << got.error().message();
    EXPECT_EQ(wait.turn_of_end, turn_of_stop + (who == stopped_by::own_shard ? 0 : 1));
}

TEST_P(Cancel, AfterTheEnd) {
    product wait(what);
    alarm_clock end(*wait.here, [&] { wait.let_end(); });
    end.set(middle_ns);
    std::optional<alarm_clock> late;
    late.emplace(*wait.here, [&] {
        EXPECT_TRUE(wait.waiting.done());
        wait.stop(who);
    });
    late->set(end_ns + 1'000'000);
    EXPECT_TRUE(wait.run());
}

/// Twice, and from both: one request is enough, and one answer comes.
TEST_P(Cancel, Repeated) {
    product wait(what);
    alarm_clock stop(*wait.here, [&] {
        wait.stop(who);
        wait.stop(stopped_by::own_shard);
        wait.stop(stopped_by::another_thread);
    });
    stop.set(middle_ns);
    EXPECT_FALSE(wait.run());
}

/// Operations have the kernel as a third party: every order in which it can answer.
TEST(CancelOperation, NothingIsLostInAnyOrder) {
    using testing::cancel_order;
    using testing::cancel_race;
    unsigned received = 0;
    unsigned cancelled = 0;
    for (const auto who : {stopped_by::own_shard, stopped_by::another_thread}) {
        for (const auto order : {cancel_order::acknowledgement_first, cancel_order::target_first}) {
            for (const auto race : {cancel_race::cancel_wins, cancel_race::result_wins,
                                    cancel_race::already_running}) {
                for (std::uint64_t seed = 0; seed < 40; ++seed) {
                    product wait(
                        waits_for::operation,
                        {.seed = seed, .order = order, .race = race, .foreign_threads = false});
                    SCOPED_TRACE(wait.kernel.describe());
                    alarm_clock end(*wait.here, [&] { wait.let_end(); });
                    alarm_clock stop(*wait.here, [&] { wait.stop(who); });
                    end.set(middle_ns);
                    stop.set(middle_ns - 20'000 + 1'000 * seed);
                    const answer got = wait.run();
                    if (!got) {
                        EXPECT_EQ(got.error(), std::errc::operation_canceled);
                    }
                    ++(got ? received : cancelled);
                }
            }
        }
    }
    EXPECT_GT(received, 50u);
    EXPECT_GT(cancelled, 50u);
}

// --- deadlines -----------------------------------------------------------------------------------

/// A receive under a limit that passes at about the time the bytes come, and a stop request too.
TEST(CancelTimeout, BytesAreKeptOrLeftWhateverEndsItFirst) {
    unsigned ended[3] = {};
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        simulated_kernel kernel(alone(seed));
        stage here(kernel);
        const auto ends = kernel.stream_pair();
        root<answer> waiting(*here,
                             limited(std::chrono::nanoseconds(5'000'000), receive(ends.first)));
        testing::random_source random(seed);
        const auto about = [&] { return middle_ns - 10'000 + random.below(30'000); };
        alarm_clock send(*here, [&] { kernel.write(ends.second, std::array<std::byte, 3>{}); });
        send.set(about());
        alarm_clock stop(*here, [&] { as_outsider([&] { waiting.request_stop(); }); });
        if (seed % 2 == 0)
            stop.set(about());
        here.add(waiting);
        here.run();
        const answer got = waiting.take();
        std::array<std::byte, 16> rest;
        const int left = kernel.read(ends.first, rest);
        EXPECT_EQ((got ? *got : 0) + static_cast<std::size_t>(std::max(0, left)), 3u)
            << kernel.describe();
        if (got) {
            ++ended[0];
        } else if (got.error() == std::errc::timed_out) {
            ++ended[1];
        } else {
            EXPECT_EQ(got.error(), std::errc::operation_canceled) << kernel.describe();
            ++ended[2];
        }
    }
    for (const unsigned times : ended)
        EXPECT_GT(times, 5u);
}

}  // namespace
}  // namespace spargio::shard_test
