// Who waits for a name goes at once when it is asked to, and nothing stays behind.

#include "companions/dns/connect.hpp"
#include "dns_steps.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::dns_test {
namespace {

using addresses = std::vector<socket_address>;

unsigned rounds(unsigned usual) {
    return std::getenv("SPARGIO_LONG") != nullptr ? 20 * usual : usual;
}

TEST(CancelledResolve, IsOverAtOnceAndItsSocketsAreClosed) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].set_mood(mood::is_silent);
        auto names = opened(asking(server.address()));
        const std::size_t before = open_descriptors();
        auto waiting = value_or_throw(this_shard::spawn(names.resolve("a.test", 80)));
        co_await server.until_asked(2);
        EXPECT_EQ(names.queries(), 1u);
        waiting.request_stop();
        EXPECT_EQ((co_await std::move(waiting)).error(), std::errc::operation_canceled);
        EXPECT_EQ(names.queries(), 0u);
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(CancelledResolve, EndsOneNameAndNoOther) {
    with_server([](name_server& server) -> task<void> {
        event answer_now;
        server["a.test"].addresses = {"127.0.0.2"};
        server["a.test"].v4_hold = &answer_now;
        server["b.test"].set_mood(mood::is_silent);
        auto names = opened(asking(server.address()));
        auto kept = value_or_throw(this_shard::spawn(names.resolve("a.test", 80)));
        auto ended = value_or_throw(this_shard::spawn(names.resolve("b.test", 80)));
        co_await server.until_asked(4);
        ended.request_stop();
        EXPECT_EQ((co_await std::move(ended)).error(), std::errc::operation_canceled);
        answer_now.set();
        EXPECT_EQ(text_of(co_await std::move(kept)), "127.0.0.2:80");
    });
}

TEST(CancelledResolve, ATimeoutOfTheCallersIsOneToo) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].set_mood(mood::is_silent);
        auto names = opened(asking(server.address()));
        const auto late =
            co_await timeout(std::chrono::milliseconds(5), names.resolve("a.test", 80));
        EXPECT_EQ(late.error(), std::errc::timed_out);
        EXPECT_EQ(names.queries(), 0u);
    });
}

task<void> stop_after(join_handle<result<addresses>>& running, unsigned turns) {
    for (unsigned i = 0; i < turns; ++i)
        co_await yield();
    running.request_stop();
}

TEST(CancelledResolve, AStormOfThemLeavesNoDescriptor) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2", "fd00::1"};
        server["a.test"].set_mood(mood::truncates);
        server["b.test"].set_mood(mood::is_silent);
        const scratch_file hosts("127.0.0.1 c.test\n");
        auto options = asking(server.address());
        options.hosts_file = hosts.path();
        auto names = opened(options);
        const std::size_t before = open_descriptors();
        for (unsigned round = 0; round < rounds(300); ++round) {
            const auto where =
                round % 3 == 0 ? placement::stealable() : placement::pinned(round % 2);
            auto running = value_or_throw(this_runtime().spawn(
                where, names.resolve(round % 2 == 0 ? "a.test" : "b.test", 80)));
            // On its way over UDP, over TCP, or before it was asked.
            if (round % 2 == 0) {
                co_await stop_after(running, round % 40);
            } else {
                co_await stop_after(running, round % 7);
            }
            const auto answer = co_await std::move(running);
            if (answer) {
                EXPECT_EQ(text_of(answer), "[fd00::1]:80 127.0.0.2:80");
            } else {
                EXPECT_EQ(answer.error(), std::errc::operation_canceled);
            }
        }
        EXPECT_EQ(names.queries(), 0u);
        co_await server.stop();  // and with it its ends of connections
        EXPECT_EQ(open_descriptors(), before);
        EXPECT_EQ(text_of(co_await names.resolve("c.test", 80)), "127.0.0.1:80");
    });
}

TEST(ResolverLimit, PastItAQuestionIsRefused) {
    with_server([](name_server& server) -> task<void> {
        event answer_now;
        server["a.test"].addresses = {"127.0.0.2"};
        server["a.test"].v4_hold = &answer_now;
        auto options = asking(server.address());
        options.most_queries = 2;
        auto names = opened(options);
        auto one = value_or_throw(this_shard::spawn(names.resolve("a.test", 80)));
        auto two = value_or_throw(this_shard::spawn(names.resolve("a.test", 80)));
        co_await server.until_asked(4);
        EXPECT_EQ(names.queries(), 2u);
        EXPECT_EQ((co_await names.resolve("a.test", 80)).error(), errc::overloaded);
        EXPECT_EQ(server.asked("a.test"), 4u);
        EXPECT_EQ(text_of(co_await names.resolve("127.0.0.1", 80)), "127.0.0.1:80");
        answer_now.set();
        EXPECT_EQ(text_of(co_await std::move(one)), "127.0.0.2:80");
        EXPECT_EQ(text_of(co_await std::move(two)), "127.0.0.2:80");
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80");
    });
}

TEST(ResolverEnd, EndsWhatIsUnderWay) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].set_mood(mood::is_silent);
        auto names = std::make_unique<dns::resolver>(opened(asking(server.address())));
        const std::size_t before = open_descriptors();
        auto here = value_or_throw(this_shard::spawn(names->resolve("a.test", 80)));
        auto there = value_or_throw(
            this_runtime().spawn(placement::pinned(1), names->resolve("a.test", 80)));
        auto anywhere = value_or_throw(
            this_runtime().spawn(placement::stealable(), names->resolve("a.test", 80)));
        auto connecting = value_or_throw(this_shard::spawn(dns::connect(*names, "a.test", 80)));
        co_await server.until_asked(8);
        names.reset();
        EXPECT_EQ((co_await std::move(here)).error(), errc::closed);
        EXPECT_EQ((co_await std::move(there)).error(), errc::closed);
        EXPECT_EQ((co_await std::move(anywhere)).error(), errc::closed);
        EXPECT_EQ((co_await std::move(connecting)).error(), errc::closed);
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(ResolverEnd, AssigningToItEndsTheOldOne) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].set_mood(mood::is_silent);
        server["b.test"].addresses = {"127.0.0.2"};
        auto names = opened(asking(server.address()));
        auto waiting = value_or_throw(this_shard::spawn(names.resolve("a.test", 80)));
        co_await server.until_asked(2);
        names = opened(asking(server.address()));
        EXPECT_EQ((co_await std::move(waiting)).error(), errc::closed);
        EXPECT_EQ(text_of(co_await names.resolve("b.test", 80)), "127.0.0.2:80");
    });
}

TEST(ResolverEnd, ACallThatWasNotAwaitedYetIsClosedToo) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2"};
        auto late = opened(asking(server.address())).resolve("a.test", 80);
        EXPECT_EQ((co_await std::move(late)).error(), errc::closed);
        EXPECT_EQ(server.asked("a.test"), 0u);
    });
}

task<void> resolve_often(dns::resolver& names, unsigned times) {
    for (unsigned i = 0; i < times; ++i)
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "[fd00::1]:80 127.0.0.2:80");
}

TEST(ResolverThreads, TasksThatMoveAndTasksOnEveryShardShareOne) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2", "fd00::1"};
        auto names = opened(asking(server.address()));
        task_group group;
        for (unsigned i = 0; i < 12; ++i) {
            const auto where = i % 3 == 0   ? placement::stealable()
                               : i % 3 == 1 ? placement::pinned(1)
                                            : placement::pinned(0);
            value_or_throw(group.spawn(where, resolve_often(names, rounds(20))));
        }
        co_await group.join();
        EXPECT_EQ(server.asked("a.test"), 12 * 2 * rounds(20));
        EXPECT_EQ(names.queries(), 0u);
    });
}

}  // namespace
}  // namespace spargio::dns_test
