#include <gtest/gtest.h>

#include <barrier>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "spargio/core/stop_token.hpp"

namespace spargio {
namespace {

using callback = stop_callback<std::function<void()>>;
using detail::linked_stop_source;

TEST(LinkedStopSource, SeesTheParentsRequestThoughNobodyListens) {
    stop_source parent;
    linked_stop_source child, grandchild;
    child.link(parent.get_token());
    grandchild.link(child.get_token());
    EXPECT_FALSE(grandchild.get_token().stop_requested());
    parent.request_stop();
    EXPECT_TRUE(child.get_token().stop_requested());
    EXPECT_TRUE(grandchild.get_token().stop_requested());
}

TEST(LinkedStopSource, IsNotSeenByItsParent) {
    stop_source parent;
    linked_stop_source child;
    child.link(parent.get_token());
    EXPECT_TRUE(child.request_stop_first());
    EXPECT_TRUE(child.get_token().stop_requested());
    EXPECT_FALSE(parent.stop_requested());
}

TEST(LinkedStopSource, RegistersWithItsParentOnlyWhenSomebodyListens) {
    std::optional<stop_source> parent(std::in_place);
    linked_stop_source child;
    child.link(parent->get_token());
    EXPECT_FALSE(child.get_token().stop_requested());
    // A source asserts that nobody is registered when it goes.
    parent.reset();
}

TEST(LinkedStopSource, PassesTheParentsRequestOn) {
    stop_source parent;
    linked_stop_source child, grandchild;
    child.link(parent.get_token());
    grandchild.link(child.get_token());
    int calls = 0;
    {
        callback early(grandchild.get_token(), [&] { ++calls; });
        parent.request_stop();
        EXPECT_EQ(calls, 1);
        callback late(grandchild.get_token(), [&] { ++calls; });
        EXPECT_EQ(calls, 2);
    }
    grandchild.unlink();
    child.unlink();
    EXPECT_EQ(calls, 2);
}

TEST(LinkedStopSource, IsNotTheFirstWhereTheParentWas) {
    for (const bool listens : {false, true}) {
        stop_source parent;
        linked_stop_source child;
        child.link(parent.get_token());
        std::optional<callback> registered;
        int calls = 0;
        if (listens)
            registered.emplace(child.get_token(), [&] { ++calls; });
        parent.request_stop();
        EXPECT_FALSE(child.request_stop_first());
        EXPECT_EQ(calls, listens ? 1 : 0);
        registered.reset();
        child.unlink();
    }
}

TEST(LinkedStopSource, WithoutAParentIsAnOrdinaryOne) {
    linked_stop_source alone;
    alone.link(stop_token());
    int calls = 0;
    callback registered(alone.get_token(), [&] { ++calls; });
    EXPECT_FALSE(alone.get_token().stop_requested());
    EXPECT_TRUE(alone.request_stop_first());
    EXPECT_FALSE(alone.request_stop_first());
    EXPECT_EQ(calls, 1);
}

/// As groups nest: who is at the end of a long chain listens without a stack as deep.
TEST(LinkedStopSource, ALongChainIsWalkedNotClimbed) {
    constexpr std::size_t links = 200'000;  // more than a stack holds, climbed
    stop_source root;
    const auto chain = std::make_unique<linked_stop_source[]>(links);
    chain[0].link(root.get_token());
    for (std::size_t i = 1; i < links; ++i)
        chain[i].link(chain[i - 1].get_token());
    {
        callback registered(chain[links - 1].get_token(), [] {});
        EXPECT_FALSE(chain[links - 1].stop_requested());
    }
    for (std::size_t i = links; i-- != 0;)
        chain[i].unlink();
}

/// Two that register for the first time, one that asks the parent: nobody is left out, whoever of
/// the two it is that registers with the parent.
TEST(LinkedStopSource, ListenersRaceTheParentsRequest) {
    constexpr int rounds = 500;
    std::optional<stop_source> parent;
    std::optional<linked_stop_source> child;
    std::barrier start(3);
    std::barrier asked(3);
    const auto listen = [&] {
        for (int round = 0; round < rounds; ++round) {
            start.arrive_and_wait();
            int calls = 0;  // plain: the end of the registration orders it
            {
                callback registered(child->get_token(), [&] { ++calls; });
                asked.arrive_and_wait();
            }
            EXPECT_EQ(calls, 1);
            start.arrive_and_wait();
        }
    };
    std::jthread one(listen), other(listen);
    for (int round = 0; round < rounds; ++round) {
        parent.emplace();
        child.emplace();
        child->link(parent->get_token());
        start.arrive_and_wait();
        parent->request_stop();
        asked.arrive_and_wait();
        start.arrive_and_wait();
        child->unlink();
        child.reset();
    }
}

}  // namespace
}  // namespace spargio
