// What is counted, and that nothing is allocated for a call.

// This program counts, too.
#include "../core/global_allocations.cpp"
#include "boundary_steps.hpp"

namespace spargio::boundary_test {
namespace {

using boundary::channel_stats;
using test::global_allocations;

/// What `more` counted beyond `less`, as far as it only grows.
channel_stats difference(const channel_stats& more, const channel_stats& less) {
    channel_stats growth;
    growth.calls = more.calls - less.calls;
    growth.answered = more.answered - less.answered;
    growth.timed_out = more.timed_out - less.timed_out;
    growth.cancelled = more.cancelled - less.cancelled;
    growth.closed = more.closed - less.closed;
    growth.unanswered = more.unanswered - less.unanswered;
    growth.refused_overloaded = more.refused_overloaded - less.refused_overloaded;
    growth.refused_closed = more.refused_closed - less.refused_closed;
    growth.responses_too_late = more.responses_too_late - less.responses_too_late;
    return growth;
}

class Stats : public Real {};

TEST_F(Stats, CountEveryWayACallEnds) {
    const auto before = boundary::stats();
    {
        auto [client, server] = int_channel(3);
        const auto receive = [&] { return value_or_throw(own_.block_on(recv_once(server))); };

        auto answered = value_or_throw(client.try_call(1));
        EXPECT_EQ(client.stats().waiting, 1u);
        auto call = receive();
        EXPECT_EQ(client.stats().serving, 1u);
        EXPECT_EQ(boundary::stats().serving, before.serving + 1);
        EXPECT_TRUE(call.respond("x"));
        EXPECT_EQ(answered.wait(), "x");

        auto dropped = value_or_throw(client.try_call(2));
        (void)receive();
        EXPECT_EQ(dropped.wait().error(), errc::unanswered);

        (void)value_or_throw(client.try_call(3));  // cancelled
        {
            auto left = value_or_throw(client.try_call(4));
            call = receive();
            EXPECT_EQ(client.stats().serving, 1u);
        }
        EXPECT_EQ(client.stats().serving, 0u);
        EXPECT_FALSE(call.respond("x"));

        EXPECT_EQ(client.try_call_with_timeout(5, 0ns).error(), timed_out);

        auto closed = value_or_throw(client.try_call(6));
        auto also_closed = value_or_throw(client.try_call(7));
        auto still_closed = value_or_throw(client.try_call(8));
        EXPECT_EQ(client.try_call(9).error(), errc::overloaded);
        server.close();
        EXPECT_EQ(client.try_call(10).error(), errc::closed);

        const channel_stats expected = {.calls = 8,
                                        .answered = 1,
                                        .timed_out = 1,
                                        .cancelled = 2,
                                        .closed = 3,
                                        .unanswered = 1,
                                        .refused_overloaded = 1,
                                        .refused_closed = 1,
                                        .responses_too_late = 1};
        EXPECT_EQ(client.stats(), expected);
        EXPECT_EQ(server.stats(), expected);
        EXPECT_EQ(difference(boundary::stats(), before), expected);
    }
    // A channel that is gone still counts.
    EXPECT_EQ(difference(boundary::stats(), before).calls, 8u);
    EXPECT_EQ(boundary::stats().waiting, before.waiting);
}

/// Allocations of many `round`s, once everything is warm.
template <class Round>
std::size_t allocations_of(runtime& own, Round round) {
    const auto lap = [&](int rounds) -> task<std::size_t> {
        const std::size_t before = global_allocations();
        for (int i = 0; i < rounds; ++i)
            co_await round();
        co_return global_allocations() - before;
    };
    (void)own.block_on([&] { return lap(200); });
    return own.block_on([&] { return lap(1000); });
}

/// Answers until none can come, and allocates nothing by itself.
task<void> echo(boundary::server<int, int> server) {
    for (;;) {
        auto call = co_await server.recv_timeout(1h);
        if (!call)
            co_return;
        (void)call->respond(call->request());
    }
}

TEST_F(Stats, NoCallAllocates) {
    if (!test::global_allocations_are_counted || !test::frames_are_recycled)
        GTEST_SKIP() << "allocations cannot be counted under this sanitizer";
    auto [client, server] = boundary::channel<int, int>(4);
    auto serving = value_or_throw(own_.handle().spawn(placement::pinned(1), echo(server)));
    const auto awaited = allocations_of(own_, [&]() -> task<void> {
        EXPECT_EQ(co_await client.call(1), 1);
        EXPECT_EQ(co_await client.call_with_timeout(2, 1h), 2);
    });
    EXPECT_EQ(awaited, 0u);

    const std::size_t before = global_allocations();
    std::atomic<int> called = 0;
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(client.try_call(1)->wait(), 1);
        EXPECT_TRUE(client.call(1, [&](result<int>) { ++called; }));
        until([&] { return called == i + 1; });
    }
    EXPECT_EQ(global_allocations() - before, 0u);
    client.close();
    serving.wait();
}

}  // namespace
}  // namespace spargio::boundary_test
