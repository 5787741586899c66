// Calls whose end is told to a callback, as another runtime makes them.

#include <atomic>
#include <optional>
#include <stdexcept>
#include <vector>

#include "boundary_steps.hpp"

namespace spargio::boundary_test {
namespace {

class Callback : public Real {};
class CallbackDeadline : public Simulated {};

using outcomes = std::vector<result<std::string>>;

TEST_F(Callback, GetsTheResponseOnTheThreadThatGivesIt) {
    auto [client, server] = int_channel(1);
    std::atomic<bool> called = false;
    std::thread::id where;
    const auto callback = [&](result<std::string> outcome) {
        EXPECT_EQ(outcome, "1");
        where = std::this_thread::get_id();
        called = true;
    };
    const auto pending = client.call(1, callback);
    ASSERT_TRUE(pending);
    EXPECT_TRUE(pending->is_pending());
    EXPECT_FALSE(called);
    const auto answerer = own_.block_on([server]() -> task<std::thread::id> {
        auto call = value_or_throw(co_await server.recv());
        EXPECT_TRUE(call.respond("1"));
        co_return std::this_thread::get_id();
    });
    EXPECT_TRUE(called);
    EXPECT_EQ(where, answerer);
    EXPECT_FALSE(pending->is_pending());
    EXPECT_FALSE(pending->cancel());
}

TEST_F(Callback, IsNotCalledWhenTheCallWasRefused) {
    auto [client, server] = int_channel(1);
    outcomes seen;
    const auto callback = [&](result<std::string> outcome) { seen.push_back(outcome); };
    ASSERT_TRUE(client.call(1, callback));
    EXPECT_EQ(client.call(2, callback).error(), errc::overloaded);
    EXPECT_EQ(client.call_with_timeout(2, 0s, callback).error(), timed_out);
    client.close();
    EXPECT_EQ(client.call(2, callback).error(), errc::closed);
    EXPECT_TRUE(seen.empty());
    server.close();
    EXPECT_EQ(seen, outcomes{failure(errc::closed)});
}

TEST_F(Callback, IsToldOfACancelBeforeItReturns) {
    auto [client, server] = int_channel(1);
    outcomes seen;
    const auto callback = [&](result<std::string> outcome) { seen.push_back(outcome); };
    const auto queued = value_or_throw(client.call(1, callback));
    EXPECT_TRUE(queued.cancel());
    EXPECT_FALSE(queued.cancel());
    EXPECT_EQ(seen, outcomes{failure(ECANCELED)});

    const auto served = value_or_throw(client.call(2, callback));
    auto call = value_or_throw(own_.block_on(recv_once(server)));
    EXPECT_EQ(call.request(), 2) << "the cancelled one was still in the line";
    EXPECT_FALSE(queued.cancel()) << "its slot is another call's by now";
    EXPECT_TRUE(served.cancel());
    EXPECT_EQ(call.respond("two").error(), errc::caller_left);
    EXPECT_EQ(seen, (outcomes{failure(ECANCELED), failure(ECANCELED)}));
}

TEST_F(CallbackDeadline, IsToldByWhoFindsOutThatItIsOver) {
    auto [client, server] = int_channel(3);
    run([&]() -> task<void> {
        outcomes seen;
        const auto callback = [&](result<std::string> outcome) { seen.push_back(outcome); };
        const auto by_cancel = value_or_throw(client.call_with_timeout(1, 1s, callback));
        EXPECT_TRUE(co_await sleep_for(2s));
        EXPECT_TRUE(seen.empty());
        EXPECT_TRUE(by_cancel.cancel());
        EXPECT_EQ(seen, outcomes{failure(ETIMEDOUT)});

        EXPECT_TRUE(client.call_with_timeout(1, 1s, callback));
        EXPECT_TRUE(client.call_with_timeout(2, 1h, callback));
        EXPECT_TRUE(co_await sleep_for(2s));
        auto call = value_or_throw(co_await server.recv());
        EXPECT_EQ(call.request(), 2) << "a call past its deadline was handed over";
        EXPECT_EQ(seen, (outcomes{failure(ETIMEDOUT), failure(ETIMEDOUT)}));
        EXPECT_EQ(client.stats().timed_out, 2u);
        EXPECT_TRUE(call.respond("two"));
    });
}

TEST_F(Callback, MayCallAgainInTheSlotThatBecameFree) {
    auto [client, server] = int_channel(1);
    std::atomic<int> called = 0;
    struct chain {
        const int_client* at;
        std::atomic<int>* count;
        void operator()(result<std::string> outcome) const {
            EXPECT_TRUE(outcome);
            // Before it counts: whoever waits for the last one lets the client go.
            const bool more = *count < 99;
            if (more) {
                EXPECT_TRUE(at->call(1, chain{at, count}));
            }
            ++*count;
        }
    };
    const int_client calls = client;
    ASSERT_TRUE(calls.call(1, chain{&calls, &called}));
    serve_on_all(server);
    until([&] { return client.stats().answered >= 100; });
    client.close();
}

TEST_F(Callback, MayLetTheLastHandlesGo) {
    struct owner {
        std::optional<int_client> client;
        std::optional<int_server> server;
        boundary::pending_call pending;
    };
    auto held = std::make_shared<owner>();
    auto [client, server] = int_channel(1);
    held->client = std::move(client);
    held->server = std::move(server);
    auto& kept = *held;
    bool called = false;
    const auto made = kept.client->call(
        1, [&called, held = std::move(held)](result<std::string> outcome) mutable {
            EXPECT_EQ(outcome.error(), operation_canceled);
            held.reset();
            called = true;
        });
    kept.pending = made.value();
    kept.pending.cancel();
    EXPECT_TRUE(called);
}

TEST_F(Callback, MayOwnWhatCannotBeCopied) {
    auto [client, server] = int_channel(1);
    int seen = 0;
    ASSERT_TRUE(client.call(
        1, [&seen, kept = std::make_unique<int>(9)](result<std::string>) { seen = *kept; }));
    EXPECT_TRUE(value_or_throw(own_.block_on(recv_once(server))).respond("x"));
    EXPECT_EQ(seen, 9);
}

TEST_F(Callback, ThatCannotBeCopiedWhenItMattersTakesNoSlot) {
    struct throws_when_copied {
        throws_when_copied() = default;
        throws_when_copied(const throws_when_copied&) { throw std::runtime_error("copied"); }
        void operator()(const result<std::string>&) const {}
    };
    auto [client, server] = int_channel(1);
    const throws_when_copied callback;
    for (int i = 0; i < 2; ++i)
        EXPECT_THROW((void)client.call(1, callback), std::runtime_error);
    EXPECT_EQ(client.stats(), boundary::channel_stats());
    EXPECT_TRUE(client.try_call(1));
}

TEST(PendingCall, OfNothingIsOver) {
    const boundary::pending_call none;
    EXPECT_FALSE(none.is_pending());
    EXPECT_FALSE(none.cancel());
}

}  // namespace
}  // namespace spargio::boundary_test
