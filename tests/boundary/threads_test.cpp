// Calls from plain threads, which block.

#include <optional>
#include <vector>

#include "boundary_steps.hpp"

namespace spargio::boundary_test {
namespace {

class Ticket : public Real {};

TEST_F(Ticket, BlocksAThreadForTheResponse) {
    auto [client, server] = int_channel(4);
    serve_on_all(server);
    for (int i = 0; i < 100; ++i) {
        auto ticket = client.try_call(i);
        ASSERT_TRUE(ticket);
        EXPECT_TRUE(ticket->is_pending());
        EXPECT_EQ(ticket->wait(), std::to_string(i));
        EXPECT_FALSE(ticket->is_pending());
    }
    client.close();
}

TEST_F(Ticket, SeveralAreOutAtOnceAndTakenInAnyOrder) {
    auto [client, server] = int_channel(8);
    serve_on_all(server);
    std::vector<boundary::ticket<int, std::string>> tickets;
    for (int i = 0; i < 8; ++i)
        tickets.push_back(value_or_throw(client.try_call(i)));
    EXPECT_EQ(client.try_call(8).error(), errc::overloaded);
    for (int i = 7; i >= 0; --i)
        EXPECT_EQ(tickets[static_cast<std::size_t>(i)].wait(), std::to_string(i));
    EXPECT_TRUE(client.try_call(8));
    client.close();
}

TEST_F(Ticket, WaitsForALimitAndGoesOn) {
    auto [client, server] = int_channel(1);
    auto ticket = value_or_throw(client.try_call(1));
    EXPECT_EQ(ticket.wait_timeout(1ms).error(), timed_out);
    EXPECT_TRUE(ticket.is_pending());
    EXPECT_EQ(ticket.wait_timeout(-1h).error(), timed_out);
    EXPECT_EQ(client.stats().waiting, 1u);
    serve_on_all(server);
    EXPECT_EQ(ticket.wait_timeout(1h), "1");
    client.close();
}

TEST_F(Ticket, EndsAtItsOwnDeadlineWhenNoServerComes) {
    auto [client, server] = int_channel(1);
    // On a machine that stands still meanwhile, the deadline is over before the wait begins.
    for (const auto limit : {0ms, 5ms, 5ms}) {
        auto ticket = client.try_call_with_timeout(1, limit);
        const auto outcome = ticket ? ticket->wait() : failure(ticket.error());
        EXPECT_EQ(outcome.error(), timed_out);
        EXPECT_FALSE(ticket && ticket->is_pending());
    }
    auto limited = client.try_call_with_timeout(1, 5ms);
    const auto outcome = limited ? limited->wait_timeout(1h) : failure(limited.error());
    EXPECT_EQ(outcome.error(), timed_out);
    EXPECT_FALSE(limited && limited->is_pending());
    EXPECT_EQ(client.stats().timed_out, 4u);
    EXPECT_EQ(client.stats().waiting, 0u);
}

TEST_F(Ticket, DroppedGivesTheCallUp) {
    auto [client, server] = int_channel(1);
    std::optional(value_or_throw(client.try_call(1))).reset();
    EXPECT_EQ(client.stats().waiting, 0u);
    EXPECT_EQ(client.stats().cancelled, 1u);

    std::optional served(value_or_throw(client.try_call(2)));
    auto call = value_or_throw(own_.block_on(recv_once(server)));
    EXPECT_EQ(call.request(), 2);
    served.reset();
    EXPECT_EQ(client.try_call(3).error(), errc::overloaded) << "the server still has the slot";
    EXPECT_EQ(call.respond("two").error(), errc::caller_left);

    std::optional answered(value_or_throw(client.try_call(3)));
    EXPECT_TRUE(value_or_throw(own_.block_on(recv_once(server))).respond("three"));
    answered.reset();
    EXPECT_EQ(client.stats().answered, 1u);
    EXPECT_TRUE(client.try_call(4)) << "an answer nobody took keeps the slot";
}

TEST_F(Ticket, MovesWithItsClaim) {
    auto [client, server] = int_channel(2);
    auto first = value_or_throw(client.try_call(1));
    auto second = std::move(first);
    EXPECT_FALSE(first.is_pending());
    serve_on_all(server);
    EXPECT_EQ(second.wait(), "1");
    client.close();
}

TEST_F(Ticket, HoldsTheChannelBeyondItsEnds) {
    std::optional<boundary::ticket<int, std::string>> ticket;
    {
        auto [client, server] = int_channel(1);
        ticket = value_or_throw(client.try_call(1));
    }
    EXPECT_EQ(ticket->wait().error(), errc::closed);
}

}  // namespace
}  // namespace spargio::boundary_test
