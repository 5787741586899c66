// Tasks, threads and callbacks call over one channel at once, while stops, deadlines and moods of
// the servers race the responses: every call ends once, and nothing stays behind.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "scale.hpp"
#include "spargio/boundary/channel.hpp"
#include "spargio/core/pause.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio::stress {
namespace {

using namespace std::chrono_literals;

/// Its second half tells whether it arrived whole.
struct request {
    std::uint64_t number;
    std::uint64_t complement;
};
using client = boundary::client<request, std::uint64_t>;
using server = boundary::server<request, std::uint64_t>;
using outcome = client::outcome;

request request_for(std::uint64_t number) {
    return {number, ~number};
}

/// What callers saw; must agree with what the channel counted.
struct tally {
    std::atomic<std::uint64_t> answered = 0, timed_out = 0, cancelled = 0, closed = 0,
                               unanswered = 0, overloaded = 0;

    void add(std::uint64_t number, const outcome& seen) {
        if (seen) {
            EXPECT_EQ(*seen, number + 1) << "an answer to another call";
            ++answered;
        } else if (seen.error() == std::errc::timed_out) {
            ++timed_out;
        } else if (seen.error() == std::errc::operation_canceled) {
            ++cancelled;
        } else if (seen.error() == errc::unanswered) {
            ++unanswered;
        } else if (seen.error() == errc::overloaded) {
            ++overloaded;
        } else {
            EXPECT_EQ(seen.error(), errc::closed);
            ++closed;
        }
    }
    [[nodiscard]] std::uint64_t sum() const {
        return answered + timed_out + cancelled + closed + unanswered + overloaded;
    }
};

task<result<server::received>> receive(server from, bool briefly) {
    if (briefly)
        co_return co_await from.recv_timeout(50us);
    co_return co_await from.recv();
}

task<void> serve(server from, std::uint64_t seed) {
    testing::random_source random(seed);
    for (;;) {
        auto call = co_await receive(from, random.chance(20));
        if (!call) {
            if (call.error() == std::errc::timed_out)
                continue;
            EXPECT_EQ(call.error(), errc::closed);
            co_return;
        }
        const request asked = call->request();
        EXPECT_EQ(asked.complement, ~asked.number);
        if (random.chance(30))
            co_await yield();
        if (random.chance(5))
            (void)co_await sleep_for(std::chrono::microseconds(random.below(100)));
        if (random.chance(95))
            (void)call->respond(asked.number + 1);
    }
}

task<void> call_and_count(client at, std::uint64_t number, std::chrono::nanoseconds limit,
                          tally& seen) {
    if (limit == 0ns) {
        seen.add(number, co_await at.call(request_for(number)));
    } else {
        seen.add(number, co_await at.call_with_timeout(request_for(number), limit));
    }
}

std::chrono::nanoseconds some_limit(testing::random_source& random) {
    return random.chance(50) ? 0ns : std::chrono::nanoseconds(1 + random.below(200'000));
}

/// A task that calls, alone or several times at once, some of them stopped by another shard.
task<void> call_from_tasks(client at, std::uint64_t seed, std::uint64_t rounds, tally& seen) {
    testing::random_source random(seed);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const unsigned shard = static_cast<unsigned>(random.below(this_runtime().shard_count()));
        const auto where = random.chance(50) ? placement::stealable() : placement::pinned(shard);
        auto calling = value_or_throw(
            this_runtime().spawn(where, call_and_count(at, round, some_limit(random), seen)));
        if (random.chance(30)) {
            for (std::uint64_t pauses = random.below(2'000); pauses > 0; --pauses)
                detail::pause();
            calling.request_stop();
        }
        co_await std::move(calling);
    }
}

void call_from_a_thread(const client& at, std::uint64_t seed, std::uint64_t rounds, tally& seen) {
    testing::random_source random(seed);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const auto limit = some_limit(random);
        auto ticket = limit == 0ns ? at.try_call(request_for(round))
                                   : at.try_call_with_timeout(request_for(round), limit);
        if (!ticket) {
            seen.add(round, failure(ticket.error()));
        } else if (random.chance(15)) {
            // Dropped: what it came to nobody says.
            ++seen.cancelled;
        } else {
            auto got = ticket->wait_timeout(std::chrono::nanoseconds(random.below(50'000)));
            seen.add(round, ticket->is_pending() ? ticket->wait() : std::move(got));
        }
    }
}

void call_by_callbacks(const client& at, std::uint64_t seed, std::uint64_t rounds, tally& seen) {
    testing::random_source random(seed);
    std::atomic<std::uint64_t> ended = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        struct count {
            tally* into;
            std::atomic<std::uint64_t>* ended;
            std::uint64_t number;
            void operator()(const outcome& told) const {
                into->add(number, told);
                ++*ended;
            }
        };
        const auto limit = some_limit(random);
        const count callback{&seen, &ended, round};
        const auto pending = limit == 0ns
                                 ? at.call(request_for(round), callback)
                                 : at.call_with_timeout(request_for(round), limit, callback);
        if (!pending) {
            callback(failure(pending.error()));
            continue;
        }
        // One in four is left to its server.
        if (random.chance(25))
            continue;
        for (std::uint64_t pauses = random.below(4'000); pauses > 0; --pauses)
            detail::pause();
        (void)pending->cancel();
    }
    while (ended != rounds)
        std::this_thread::yield();
}

TEST(BoundaryStorm, EveryCallEndsOnce) {
    const std::uint64_t seed = testing::process_seed();
    const std::uint64_t rounds = times(5'000);
    runtime own = detail::build_or_throw(runtime_builder().shards(2).spin_us(20));
    auto [calls, servers] = boundary::channel<request, std::uint64_t>(6);
    std::vector<join_handle<void>> tasks;
    std::vector<join_handle<void>> serving;
    for (unsigned i = 0; i < 4; ++i) {
        const auto where = i < 2 ? placement::pinned(i) : placement::stealable();
        serving.push_back(value_or_throw(own.handle().spawn(where, serve(servers, seed + i))));
    }
    tally seen;
    for (unsigned i = 0; i < 2; ++i) {
        tasks.push_back(value_or_throw(own.handle().spawn(
            placement::pinned(i), call_from_tasks(calls, seed + 10 + i, rounds, seen))));
    }
    {
        const std::jthread blocking(
            [&, &at = calls] { call_from_a_thread(at, seed + 20, rounds, seen); });
        const std::jthread calling_back(
            [&, &at = calls] { call_by_callbacks(at, seed + 30, rounds, seen); });
        for (auto& each : tasks)
            each.wait();
    }
    calls.close();
    for (auto& each : serving)
        each.wait();

    EXPECT_EQ(seen.sum(), 4 * rounds);
    const auto counted = calls.stats();
    EXPECT_EQ(counted.waiting + counted.serving, 0u);
    EXPECT_EQ(counted.calls, counted.answered + counted.timed_out + counted.cancelled +
                                 counted.closed + counted.unanswered);
    // A task stopped before it called was never taken in; a dropped ticket may have been answered.
    EXPECT_LE(counted.calls, 4 * rounds - seen.overloaded);
    EXPECT_EQ(counted.refused_overloaded, seen.overloaded);
    EXPECT_EQ(counted.closed, 0u);
    EXPECT_GE(counted.answered, seen.answered);
    EXPECT_GT(seen.answered, 0u);
}

/// Servers close while everybody calls; again and again, with a channel of its own each time.
TEST(BoundaryStorm, CloseRacesEverything) {
    const std::uint64_t seed = testing::process_seed();
    testing::random_source random(seed);
    runtime own = detail::build_or_throw(runtime_builder().shards(2));
    for (std::uint64_t round = 0; round < times(200); ++round) {
        auto [calls, servers] = boundary::channel<request, std::uint64_t>(4);
        constexpr std::uint64_t each_calls = 20;
        tally seen;
        auto serving = value_or_throw(
            own.handle().spawn(placement::pinned(round % 2), serve(servers, seed + round)));
        auto calling = value_or_throw(own.handle().spawn(
            placement::stealable(), call_from_tasks(calls, seed + round, each_calls, seen)));
        {
            const std::jthread blocking(
                [&, &at = calls] { call_from_a_thread(at, seed + round, each_calls, seen); });
            const std::jthread calling_back(
                [&, &at = calls] { call_by_callbacks(at, seed + round, each_calls, seen); });
            for (std::uint64_t pauses = random.below(20'000); pauses > 0; --pauses)
                detail::pause();
            servers.close();
            calling.wait();
        }
        serving.wait();
        EXPECT_EQ(seen.sum(), 3 * each_calls);
        const auto counted = calls.stats();
        EXPECT_EQ(counted.waiting + counted.serving, 0u);
    }
}

}  // namespace
}  // namespace spargio::stress
