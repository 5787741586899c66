// The completion tokens a boundary call takes: a future that a thread waits for, a coroutine of
// Asio's, and a plain handler, each on its executor; and what they are told when no answer comes.

#include "../boundary_caller.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "spargio/boundary/channel.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace mixed_mode {
namespace {

using namespace std::chrono_literals;
using caller = boundary_caller<int, int>;
using outcome = caller::outcome;

/// Doubles what is even, and lets the call go unanswered where it is odd.
auto serve_even(spargio::boundary::server<int, int> from) -> spargio::task<> {
    while (auto call = co_await from.recv()) {
        const int asked = call->request();
        if (asked % 2 == 0) {
            (void)call->respond(2 * asked);
        }
    }
}

class BoundaryCaller : public ::testing::Test {
protected:
    BoundaryCaller() {
        auto [client, server] = spargio::boundary::channel<int, int>(4);
        client_ = client;
        serving_ = spargio::value_or_throw(
            own_.handle().spawn(spargio::placement::pinned(0), serve_even(std::move(server))));
    }
    ~BoundaryCaller() override {
        client_->close();
        serving_->wait();
    }
    auto on(asio::io_context& context) -> caller { return {context.get_executor(), *client_}; }

    spargio::runtime own_ = spargio::detail::build_or_throw(spargio::runtime_builder().shards(1));
    std::optional<spargio::boundary::client<int, int>> client_;
    std::optional<spargio::join_handle<void>> serving_;
};

TEST_F(BoundaryCaller, AFutureIsFulfilledByTheContextsThread) {
    asio::io_context context;
    auto calls = on(context);
    auto answered = calls.async_call(4, 1min, asio::use_future);
    static_assert(std::is_same_v<decltype(answered), std::future<outcome>>);
    // run() has something to wait for, and ends when that has come.
    std::jthread home([&] { EXPECT_GT(context.run(), 0U); });
    EXPECT_EQ(answered.get(), 8);
    home.join();
    context.restart();
    auto unanswered = calls.async_call(3, 1min, asio::use_future);
    context.run();
    EXPECT_EQ(unanswered.get().error(), spargio::errc::unanswered);
}

auto call_in_turn(caller& calls, int times, std::thread::id home) -> asio::awaitable<int> {
    int sum = 0;
    for (int i = 0; i != times; ++i) {
        const outcome answered = co_await calls.async_call(2 * i, 1min, asio::use_awaitable);
        EXPECT_EQ(answered, 4 * i);
        EXPECT_EQ(std::this_thread::get_id(), home);
        sum += answered.value_or(0);
    }
    co_return sum;
}

TEST_F(BoundaryCaller, ACoroutineOfAsiosGoesOnOnItsExecutor) {
    asio::io_context context;
    auto calls = on(context);
    auto sum = asio::co_spawn(context, call_in_turn(calls, 100, std::this_thread::get_id()),
                              asio::use_future);
    context.run();
    EXPECT_EQ(sum.get(), 4 * 99 * 100 / 2);
}

TEST_F(BoundaryCaller, ACoroutineIsToldWhyNoAnswerCame) {
    asio::io_context context;
    auto calls = on(context);
    const auto ask = [](caller& at, int number,
                        std::chrono::nanoseconds limit) -> asio::awaitable<outcome> {
        co_return co_await at.async_call(number, limit, asio::use_awaitable);
    };
    auto unanswered = asio::co_spawn(context, ask(calls, 1, 1min), asio::use_future);
    context.run();
    EXPECT_EQ(unanswered.get().error(), spargio::errc::unanswered);
    client_->close();
    context.restart();
    auto closed = asio::co_spawn(context, ask(calls, 2, 1min), asio::use_future);
    context.run();
    EXPECT_EQ(closed.get().error(), spargio::errc::closed);
}

/// Nobody serves this one.
TEST(BoundaryCallerAlone, DeadlinesAndCancelsEndACall) {
    auto [client, server] = spargio::boundary::channel<int, int>(1);
    asio::io_context context;
    caller calls(context.get_executor(), client);
    auto late = calls.async_call(2, 1ms, asio::use_future);
    context.run();
    EXPECT_EQ(late.get().error(), std::errc::timed_out);
    context.restart();
    auto cancelled = calls.async_call(2, 1min, asio::use_future);
    std::optional<outcome> refused;
    caller(context.get_executor(), client).async_call(2, 1min, [&](outcome told) {
        refused = std::move(told);
    });
    EXPECT_FALSE(refused) << "a handler is called as if posted";
    context.poll();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->error(), spargio::errc::overloaded);
    calls.cancel();
    context.run();
    EXPECT_EQ(cancelled.get().error(), std::errc::operation_canceled);
}

}  // namespace
}  // namespace mixed_mode
