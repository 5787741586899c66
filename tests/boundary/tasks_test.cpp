// Calls from task to task.

#include <memory>
#include <optional>
#include <vector>

#include "boundary_steps.hpp"
#include "spargio/core/when_all.hpp"

namespace spargio::boundary_test {
namespace {

class Call : public Simulated {};
class Recv : public Simulated {};
class Response : public Simulated {};
class Deadline : public Simulated {};

TEST_F(Call, YieldsTheResponseFromEveryShardAndPlacement) {
    auto [client, server] = int_channel(4);
    run([client, server]() mutable -> task<void> {
        auto serving = value_or_throw(this_runtime().spawn(placement::pinned(1), serve(server)));
        for (const auto where :
             {placement::pinned(0), placement::pinned(1), placement::stealable()}) {
            auto calling = value_or_throw(this_runtime().spawn(where, call_once(client, 7)));
            EXPECT_EQ(co_await calling, "7");
        }
        client.close();
        EXPECT_EQ(co_await serving, 3);
    });
}

TEST_F(Call, MovesWhatCannotBeCopied) {
    auto [client, server] =
        boundary::channel<std::unique_ptr<int>, std::unique_ptr<std::string>>(1);
    run([&]() -> task<void> {
        auto serving = value_or_throw(this_shard::spawn([](auto at) -> task<void> {
            auto call = value_or_throw(co_await at.recv());
            EXPECT_TRUE(
                call.respond(std::make_unique<std::string>(std::to_string(*call.request()))));
        }(server)));
        const auto answer = co_await client.call(std::make_unique<int>(12));
        EXPECT_EQ(**answer, "12");
        co_await serving;
    });
}

TEST_F(Call, PastTheCapacityIsOverloadedAndNothingIsQueued) {
    auto [client, server] = int_channel(2);
    run([&]() -> task<void> {
        auto first = value_or_throw(this_shard::spawn(call_once(client, 1)));
        auto second = value_or_throw(this_shard::spawn(call_once(client, 2)));
        co_await yield();
        const auto refused = co_await client.call(3);
        EXPECT_EQ(refused.error(), errc::overloaded);
        // One that is being served is still one of the two.
        auto call = value_or_throw(co_await server.recv());
        EXPECT_EQ((co_await client.call(3)).error(), errc::overloaded);
        EXPECT_TRUE(call.respond("one"));
        EXPECT_EQ(co_await first, "one");
        EXPECT_EQ(client.stats().refused_overloaded, 2u);
        // There is room again.
        auto third = value_or_throw(this_shard::spawn(call_once(client, 3)));
        co_await yield();
        for (const int expected : {2, 3}) {
            auto next = value_or_throw(co_await server.recv());
            EXPECT_EQ(next.request(), expected);
            EXPECT_TRUE(next.respond("late"));
        }
        EXPECT_EQ(co_await second, "late");
        EXPECT_EQ(co_await third, "late");
    });
}

TEST_F(Call, ARefusalLetsOthersHaveTheirTurn) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        auto only = value_or_throw(this_shard::spawn(call_once(client, 1)));
        co_await yield();
        auto ender = value_or_throw(this_shard::spawn(serve(server)));
        // Until the server's turn comes each call is refused, without a wait in between.
        result<std::string> answer = failure(errc::overloaded);
        while (!answer)
            answer = co_await client.call(2);
        EXPECT_EQ(answer, "2");
        EXPECT_EQ(co_await only, "1");
        client.close();
        EXPECT_EQ(co_await ender, 2);
    });
}

TEST_F(Call, StoppedBeforeItIsReceivedIsTakenOutOfTheLine) {
    auto [client, server] = int_channel(3);
    run([&]() -> task<void> {
        for (const unsigned shard : {0u, 1u}) {
            std::vector<join_handle<result<std::string>>> calls;
            for (int i = 0; i < 3; ++i) {
                calls.push_back(value_or_throw(
                    this_runtime().spawn(placement::pinned(shard), call_once(client, i))));
                while (client.stats().waiting != static_cast<unsigned>(i) + 1)
                    co_await yield();
            }
            calls[1].request_stop();
            EXPECT_EQ((co_await calls[1]).error(), operation_canceled);
            EXPECT_EQ(client.stats().waiting, 2u);
            for (const int expected : {0, 2}) {
                auto call = value_or_throw(co_await server.recv());
                EXPECT_EQ(call.request(), expected);
                EXPECT_TRUE(call.respond("x"));
            }
            EXPECT_EQ(co_await calls[0], "x");
            EXPECT_EQ(co_await calls[2], "x");
        }
        EXPECT_EQ(client.stats().cancelled, 2u);
    });
}

TEST_F(Recv, ServesInTheOrderOfTheCallsAndOfTheServers) {
    auto [client, server] = int_channel(8);
    run([&]() -> task<void> {
        std::vector<std::pair<int, int>> seen;
        std::vector<join_handle<void>> servers;
        for (int which = 0; which < 3; ++which) {
            servers.push_back(value_or_throw(this_shard::spawn([&, which]() -> task<void> {
                for (;;) {
                    auto call = co_await server.recv();
                    if (!call)
                        co_return;
                    seen.emplace_back(which, call->request());
                    (void)call->respond("x");
                }
            })));
        }
        co_await yield();
        for (int i = 0; i < 6; ++i)
            EXPECT_TRUE(co_await client.call(i));
        client.close();
        for (auto& each : servers)
            co_await each;
        const std::vector<std::pair<int, int>> expected = {{0, 0}, {1, 1}, {2, 2},
                                                           {0, 3}, {1, 4}, {2, 5}};
        EXPECT_EQ(seen, expected);
    });
}

TEST_F(Recv, ManyAtHandLetOthersHaveTheirTurn) {
    auto [client, server] = int_channel(1000);
    run([&]() -> task<void> {
        std::vector<join_handle<result<std::string>>> calls;
        for (int i = 0; i < 1000; ++i)
            calls.push_back(value_or_throw(this_shard::spawn(call_once(client, i))));
        co_await turns(20);
        EXPECT_EQ(client.stats().waiting, 1000u);
        auto serving = value_or_throw(this_shard::spawn(serve(server)));
        co_await turns(2);
        EXPECT_GT(client.stats().waiting, 0u) << "the server kept the shard to itself";
        for (auto& each : calls)
            EXPECT_TRUE(co_await each);
        client.close();
        EXPECT_EQ(co_await serving, 1000);
    });
}

TEST_F(Recv, StoppedTakesNoCall) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        for (const unsigned shard : {0u, 1u}) {
            auto waiting =
                value_or_throw(this_runtime().spawn(placement::pinned(shard), recv_once(server)));
            EXPECT_TRUE(co_await sleep_for(1s));
            waiting.request_stop();
            EXPECT_EQ((co_await waiting).error(), operation_canceled);
        }
        auto calling = value_or_throw(this_shard::spawn(call_once(client, 5)));
        auto call = value_or_throw(co_await server.recv());
        EXPECT_TRUE(call.respond("five"));
        EXPECT_EQ(co_await calling, "five");
    });
}

TEST_F(Recv, TimeoutEndsTheWaitOrYieldsACall) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        const auto nothing = co_await server.recv_timeout(1h);
        EXPECT_EQ(nothing.error(), timed_out);
        auto calling = value_or_throw(this_shard::spawn(call_once(client, 5)));
        auto call = co_await server.recv_timeout(1h);
        EXPECT_EQ(call->request(), 5);
        EXPECT_TRUE(call->respond("five"));
        EXPECT_EQ(co_await calling, "five");
    });
}

TEST_F(Response, ToACallerThatLeftIsAnErrorAndHarmless) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        auto calling = value_or_throw(this_shard::spawn(call_once(client, 5)));
        auto call = value_or_throw(co_await server.recv());
        EXPECT_FALSE(call.caller_left());
        calling.request_stop();
        EXPECT_EQ((co_await calling).error(), operation_canceled);
        EXPECT_TRUE(call.caller_left());
        // Its slot is in use until the server lets go.
        EXPECT_EQ((co_await client.call(6)).error(), errc::overloaded);
        EXPECT_EQ(call.request(), 5);
        EXPECT_EQ(call.respond("five").error(), errc::caller_left);
        EXPECT_EQ(client.stats().responses_too_late, 1u);
        auto next = value_or_throw(this_shard::spawn(call_once(client, 6)));
        auto served = value_or_throw(co_await server.recv());
        EXPECT_TRUE(served.respond("six"));
        EXPECT_EQ(co_await next, "six");
    });
}

TEST_F(Response, ACallDroppedWithoutOneSaysSo) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        auto calling = value_or_throw(this_shard::spawn(call_once(client, 5)));
        { auto dropped = co_await server.recv(); }
        EXPECT_EQ((co_await calling).error(), errc::unanswered);
        // Also when nobody waits any more.
        auto leaving = value_or_throw(this_shard::spawn(call_once(client, 5)));
        {
            auto dropped = co_await server.recv();
            leaving.request_stop();
            EXPECT_EQ((co_await leaving).error(), operation_canceled);
        }
        EXPECT_EQ(client.stats().unanswered, 1u);
        EXPECT_EQ(client.stats().serving, 0u);
    });
}

TEST_F(Response, MayComeFromAnotherShardAndAfterTheServersAreGone) {
    std::optional<int_client> client;
    std::optional<int_server> server;
    std::tie(client, server) = int_channel(1);
    run([&]() -> task<void> {
        auto calling = value_or_throw(this_shard::spawn(call_once(*client, 5)));
        auto call = value_or_throw(co_await server->recv());
        server.reset();
        client.reset();
        auto answering = value_or_throw(this_runtime().spawn(
            placement::pinned(1), [call = std::move(call)]() mutable -> task<bool> {
                co_return call.respond("five").has_value();
            }));
        EXPECT_TRUE(co_await answering);
        EXPECT_EQ(co_await calling, "five");
    });
}

TEST_F(Deadline, EndsACallThatNoServerReceives) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        EXPECT_EQ((co_await client.call_with_timeout(1, 1h)).error(), timed_out);
        EXPECT_EQ(client.stats().timed_out, 1u);
        EXPECT_EQ(client.stats().waiting, 0u);
        EXPECT_EQ(client.stats().cancelled, 0u);
    });
}

TEST_F(Deadline, IsSeenByTheServer) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        auto calling = value_or_throw(this_shard::spawn(client.call_with_timeout(1, 10s)));
        auto call = value_or_throw(co_await server.recv());
        EXPECT_LE(call.remaining(), 10s);
        EXPECT_GT(call.remaining(), 9s);
        EXPECT_TRUE(co_await sleep_for(4s));
        EXPECT_LE(call.remaining(), 6s);
        EXPECT_TRUE(co_await sleep_for(7s));
        EXPECT_EQ(call.remaining(), 0s);
        EXPECT_TRUE(call.caller_left());
        EXPECT_EQ((co_await calling).error(), timed_out);
        EXPECT_EQ(call.respond("late").error(), errc::caller_left);

        auto endless = value_or_throw(this_shard::spawn(call_once(client, 1)));
        auto unlimited = value_or_throw(co_await server.recv());
        EXPECT_EQ(unlimited.deadline(), clock::time_point::max());
        EXPECT_EQ(unlimited.remaining(), std::chrono::nanoseconds::max());
        EXPECT_TRUE(unlimited.respond("in time"));
        EXPECT_EQ(co_await endless, "in time");
    });
}

TEST_F(Deadline, TheEndOfTimeIsNoOverflow) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        auto calling = value_or_throw(
            this_shard::spawn(client.call_with_timeout(1, std::chrono::nanoseconds::max())));
        auto call = value_or_throw(co_await server.recv());
        EXPECT_TRUE(call.respond("one"));
        EXPECT_EQ(co_await calling, "one");
    });
}

TEST_F(Deadline, OfNothingTimesOutAtOnceAndReachesNoServer) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        auto serving = value_or_throw(this_shard::spawn(serve(server)));
        co_await yield();
        for (const auto limit : {0s, -3600s})
            EXPECT_EQ((co_await client.call_with_timeout(1, limit)).error(), timed_out);
        client.close();
        EXPECT_EQ(co_await serving, 0);
        EXPECT_EQ(client.stats().timed_out, 2u);
    });
}

TEST_F(Deadline, AnAnswerInTimeBeatsIt) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        auto serving = value_or_throw(this_shard::spawn(serve(server)));
        EXPECT_EQ(co_await client.call_with_timeout(3, 1h), "3");
        client.close();
        co_await serving;
    });
}

TEST_F(Deadline, ParentsStopIsCancelledNotTimedOut) {
    auto [client, server] = int_channel(1);
    run([&]() -> task<void> {
        auto calling = value_or_throw(this_shard::spawn(client.call_with_timeout(3, 1h)));
        EXPECT_TRUE(co_await sleep_for(1s));
        calling.request_stop();
        EXPECT_EQ((co_await calling).error(), operation_canceled);
        EXPECT_EQ(client.stats().cancelled, 1u);
    });
}

}  // namespace
}  // namespace spargio::boundary_test
