// Either end closes while calls are under way.

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "boundary_steps.hpp"

namespace spargio::boundary_test {
namespace {

class Close : public Simulated {};
class CloseInABurst : public Real {};

TEST_F(Close, ByTheClientsLetsServersFinishWhatWasTakenIn) {
    auto [client, server] = int_channel(4);
    run([&]() -> task<void> {
        std::vector<join_handle<result<std::string>>> calls;
        for (int i = 0; i < 3; ++i)
            calls.push_back(value_or_throw(this_shard::spawn(call_once(client, i))));
        co_await yield();
        client.close();
        EXPECT_EQ((co_await client.call(4)).error(), errc::closed);
        EXPECT_EQ(co_await serve(server), 3);
        for (auto& each : calls)
            EXPECT_TRUE(co_await each);
        EXPECT_EQ((co_await server.recv()).error(), errc::closed);
        EXPECT_EQ((co_await server.recv_timeout(1h)).error(), errc::closed);
        EXPECT_EQ(client.stats().refused_closed, 1u);
    });
}

TEST_F(Close, ByTheServersEndsWhatTheyDidNotReceive) {
    auto [client, server] = int_channel(4);
    run([&]() -> task<void> {
        auto received = value_or_throw(this_shard::spawn(call_once(client, 1)));
        auto call = value_or_throw(co_await server.recv());
        auto queued = value_or_throw(this_shard::spawn(call_once(client, 2)));
        co_await yield();
        server.close();
        EXPECT_EQ((co_await queued).error(), errc::closed);
        EXPECT_EQ((co_await client.call(3)).error(), errc::closed);
        EXPECT_EQ((co_await server.recv()).error(), errc::closed);
        EXPECT_TRUE(call.respond("one"));
        EXPECT_EQ(co_await received, "one");
        EXPECT_EQ(client.stats().closed, 1u);
    });
}

TEST_F(Close, OfEitherEndEndsTheWaitOfServers) {
    for (const bool by_clients : {true, false}) {
        auto [client, server] = int_channel(1);
        run([&]() -> task<void> {
            std::vector<join_handle<result<int_call>>> waiting;
            for (unsigned i = 0; i < 4; ++i) {
                waiting.push_back(value_or_throw(
                    this_runtime().spawn(placement::pinned(i % 2), recv_once(server))));
            }
            EXPECT_TRUE(co_await sleep_for(1s));
            if (by_clients) {
                client.close();
            } else {
                server.close();
            }
            for (auto& each : waiting)
                EXPECT_EQ((co_await each).error(), errc::closed);
        });
    }
}

TEST_F(Close, MayBeTheLastThingTheServerDoes) {
    auto [client, server] = int_channel(2);
    std::optional calling = std::move(client);
    std::optional serving = std::move(server);
    int told = 0;
    const auto let_go = [&](const result<std::string>& outcome) {
        EXPECT_EQ(outcome.error(), errc::closed);
        serving.reset();
        ++told;
    };
    EXPECT_TRUE(calling->call(1, let_go));
    EXPECT_TRUE(calling->call(2, let_go));
    calling.reset();
    serving->close();
    EXPECT_EQ(told, 2);
}

TEST_F(Close, IsWhatTheLastHandleOfAnEndDoes) {
    std::optional<int_client> client;
    std::optional<int_server> server;
    std::tie(client, server) = int_channel(2);
    run([&]() -> task<void> {
        auto waiting = value_or_throw(this_shard::spawn(recv_once(*server)));
        co_await yield();
        std::optional copy = client;
        client.reset();
        co_await turns(3);
        EXPECT_FALSE(waiting.is_done());
        copy.reset();
        EXPECT_EQ((co_await waiting).error(), errc::closed);
    });
    std::tie(client, server) = int_channel(2);
    run([&]() -> task<void> {
        auto calling = value_or_throw(this_shard::spawn(call_once(*client, 1)));
        co_await yield();
        server.reset();
        EXPECT_EQ((co_await calling).error(), errc::closed);
        EXPECT_EQ((co_await client->call(1)).error(), errc::closed);
    });
}

TEST_F(Close, TwiceAndFromBothEndsIsTheSame) {
    auto [client, server] = int_channel(1);
    for (int i = 0; i < 2; ++i) {
        client.close();
        server.close();
    }
    run([&]() -> task<void> { EXPECT_EQ((co_await client.call(1)).error(), errc::closed); });
}

TEST_F(Close, AShutdownEndsCallsAndServersAlike) {
    auto [client, server] = int_channel(4);
    {
        runtime own = *runtime_builder().shards(2).build_on(kernel_);
        for (unsigned shard = 0; shard < 2; ++shard) {
            value_or_throw(own.handle().spawn(placement::pinned(shard), recv_once(server)))
                .detach();
        }
        value_or_throw(own.handle().spawn(placement::pinned(0), call_once(client, 1))).detach();
        value_or_throw(own.handle().spawn(placement::pinned(1), call_once(client, 2))).detach();
        value_or_throw(own.handle().spawn(placement::pinned(1), call_once(client, 3))).detach();
        EXPECT_TRUE(own.shutdown_blocking(1h).survivors.empty());
    }
    const auto seen = client.stats();
    EXPECT_EQ(seen.waiting + seen.serving, 0u);
}

/// Does something when it is moved for the so manieth time.
struct acting_request {
    acting_request(int moves_before, std::function<void()> what) noexcept
        : left(moves_before), act(std::move(what)) {}
    acting_request(acting_request&& other) noexcept : left(other.left), act(std::move(other.act)) {
        if (left-- == 0)
            act();
    }
    int left;
    std::function<void()> act;
};

using acting_channel =
    std::pair<boundary::client<acting_request, int>, boundary::server<acting_request, int>>;

task<int> answer_each(boundary::server<acting_request, int> server) {
    int count = 0;
    while (auto call = co_await server.recv()) {
        ++count;
        EXPECT_TRUE(call->respond(1));
    }
    co_return count;
}

enum class call_form { task, ticket, callback };

/// \return whether it was taken in.
task<bool> call_while_closing(acting_channel& channel, call_form form, acting_request request) {
    auto& [client, server] = channel;
    auto serving = value_or_throw(this_shard::spawn(answer_each(server)));
    co_await turns(3);
    bool begun = false;
    int told = 0;
    if (form == call_form::task) {
        const auto answer = co_await client.call(std::move(request));
        begun = answer.has_value();
        EXPECT_TRUE(begun || answer.error() == errc::closed);
        client.close();
        EXPECT_EQ(co_await serving, begun ? 1 : 0);
    } else if (form == call_form::ticket) {
        const auto ticket = client.try_call(std::move(request));
        begun = ticket.has_value();
        client.close();
        EXPECT_EQ(co_await serving, begun ? 1 : 0);
    } else {
        begun = client
                    .call(std::move(request),
                          [&](const result<int>& answer) { told += answer.has_value() ? 1 : 100; })
                    .has_value();
        client.close();
        EXPECT_EQ(co_await serving, begun ? 1 : 0);
        EXPECT_EQ(told, begun ? 1 : 0);
    }
    co_return begun;
}

/// Either end closes at any moment while a call is made: it is served, or refused and has left
/// nothing. The servers have been told that nothing can come.
TEST_F(Close, WhileACallIsMadeServesOrRefusesIt) {
    for (const call_form form : {call_form::task, call_form::ticket, call_form::callback}) {
        for (const bool by_clients : {true, false}) {
            unsigned refused = 0;
            bool begun = false;
            for (int moves = 0; !begun; ++moves) {
                ASSERT_LT(moves, 100);
                acting_channel channel = boundary::channel<acting_request, int>(1);
                run([&]() -> task<void> {
                    acting_request request(moves, [&] {
                        if (by_clients) {
                            channel.first.close();
                        } else {
                            channel.second.close();
                        }
                    });
                    begun = co_await call_while_closing(channel, form, std::move(request));
                });
                const auto seen = channel.first.stats();
                EXPECT_EQ(seen.waiting + seen.serving, 0u);
                EXPECT_EQ(seen.calls, begun ? 1u : 0u);
                EXPECT_EQ(seen.refused_closed, begun ? 0u : 1u);
                refused += begun ? 0 : 1;
            }
            EXPECT_GE(refused, 3u) << "before the slot is opened, and while it is filled";
        }
    }
}

/// Whatever way a call ends, the slot keeps nothing of it.
TEST_F(Close, ACallThatEndedLeavesNothingInItsSlot) {
    using token = std::shared_ptr<int>;
    auto [client, server] = boundary::channel<token, token>(1);
    const token kept = std::make_shared<int>(1);
    run([&]() -> task<void> {
        const auto call = [&] { return value_or_throw(client.try_call(kept)); };
        {
            auto served = call();
            EXPECT_TRUE(value_or_throw(co_await server.recv()).respond(kept));
            EXPECT_EQ(kept.use_count(), 2) << "the answer, which nobody has taken";
        }
        EXPECT_EQ(kept.use_count(), 1);
        (void)call();
        EXPECT_EQ(kept.use_count(), 1);
        {
            std::optional left = call();
            auto received = value_or_throw(co_await server.recv());
            left.reset();
            EXPECT_EQ(kept.use_count(), 2) << "the server still has the request";
            EXPECT_EQ(received.respond(kept).error(), errc::caller_left);
        }
        EXPECT_EQ(kept.use_count(), 1);
        {
            const auto dropped = call();
            (void)co_await server.recv();
            EXPECT_EQ(kept.use_count(), 1);
        }
        EXPECT_EQ((co_await client.call_with_timeout(kept, 1s)).error(), timed_out);
        EXPECT_EQ(kept.use_count(), 1);
        EXPECT_TRUE(client.call(kept, [](const result<token>&) {}));
        EXPECT_EQ(client.try_call(kept).error(), errc::overloaded);
        server.close();
        EXPECT_EQ(client.try_call(kept).error(), errc::closed);
        EXPECT_EQ(kept.use_count(), 1);
    });
}

/// Threads call and wait while one end closes: each call gets an answer, or is told.
void close_in_the_middle(runtime& own, bool by_clients) {
    auto [client, server] = int_channel(16);
    std::vector<join_handle<int>> servers;
    for (unsigned shard = 0; shard < 2; ++shard) {
        servers.push_back(
            value_or_throw(own.handle().spawn(placement::pinned(shard), serve(server))));
    }
    std::atomic<std::uint64_t> answered = 0;
    {
        std::vector<std::jthread> callers;
        for (int which = 0; which < 2; ++which) {
            callers.emplace_back([&] {
                for (;;) {
                    auto ticket = client.try_call(1);
                    if (!ticket) {
                        EXPECT_EQ(ticket.error(), errc::closed);
                        return;
                    }
                    const auto outcome = ticket->wait();
                    if (outcome) {
                        ++answered;
                    } else {
                        EXPECT_EQ(outcome.error(), errc::closed);
                        EXPECT_FALSE(by_clients) << "what was taken in is served";
                    }
                }
            });
        }
        until([&] { return answered >= 20; });
        if (by_clients) {
            client.close();
        } else {
            server.close();
        }
    }
    for (auto& each : servers)
        each.wait();
    const auto seen = client.stats();
    EXPECT_EQ(seen.answered, answered);
    EXPECT_EQ(seen.calls, seen.answered + seen.closed);
    EXPECT_EQ(seen.waiting + seen.serving, 0u);
}

TEST_F(CloseInABurst, EveryCallEndsOnce) {
    for (int round = 0; round < 20; ++round) {
        close_in_the_middle(own_, true);
        close_in_the_middle(own_, false);
    }
}

}  // namespace
}  // namespace spargio::boundary_test
