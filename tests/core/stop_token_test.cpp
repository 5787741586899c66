#include "spargio/core/stop_token.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace spargio {
namespace {

using callback = stop_callback<std::function<void()>>;

// --- tokens -----------------------------------------------------------------------------------

TEST(StopToken, DefaultOneCanNeverStop) {
    const stop_token token;
    EXPECT_FALSE(token.stop_possible());
    EXPECT_FALSE(token.stop_requested());
}

TEST(StopToken, SeesTheRequest) {
    stop_source source;
    const stop_token token = source.get_token();
    EXPECT_TRUE(token.stop_possible());
    EXPECT_FALSE(token.stop_requested());
    source.request_stop();
    EXPECT_TRUE(token.stop_requested());
}

TEST(StopToken, EqualsTokensOfTheSameSource) {
    stop_source one, other;
    EXPECT_EQ(one.get_token(), one.get_token());
    EXPECT_NE(one.get_token(), other.get_token());
    EXPECT_EQ(stop_token(), stop_token());
}

TEST(StopSource, FirstRequestOnlyAnswersTrue) {
    stop_source source;
    EXPECT_TRUE(source.request_stop());
    EXPECT_FALSE(source.request_stop());
}

// --- callbacks --------------------------------------------------------------------------------

TEST(StopCallback, RunsOnceOnTheRequest) {
    stop_source source;
    int calls = 0;
    callback registered(source.get_token(), [&] { ++calls; });
    EXPECT_EQ(calls, 0);
    source.request_stop();
    source.request_stop();
    EXPECT_EQ(calls, 1);
}

TEST(StopCallback, RunsAtOnceAfterTheRequest) {
    stop_source source;
    source.request_stop();
    int calls = 0;
    callback registered(source.get_token(), [&] { ++calls; });
    EXPECT_EQ(calls, 1);
}

TEST(StopCallback, SeesTheRequestFromInside) {
    stop_source source;
    bool seen = false;
    callback registered(source.get_token(), [&] { seen = source.stop_requested(); });
    source.request_stop();
    EXPECT_TRUE(seen);
}

TEST(StopCallback, EndedBeforeTheRequestDoesNotRun) {
    stop_source source;
    int calls = 0;
    {
        callback registered(source.get_token(), [&] { ++calls; });
    }
    source.request_stop();
    EXPECT_EQ(calls, 0);
}

TEST(StopCallback, OfATokenWithoutSourceDoesNothing) {
    int calls = 0;
    {
        callback registered(stop_token(), [&] { ++calls; });
    }
    EXPECT_EQ(calls, 0);
}

TEST(StopCallback, NewestRunsFirst) {
    stop_source source;
    std::string order;
    callback a(source.get_token(), [&] { order += 'a'; });
    callback b(source.get_token(), [&] { order += 'b'; });
    callback c(source.get_token(), [&] { order += 'c'; });
    source.request_stop();
    EXPECT_EQ(order, "cba");
}

TEST(StopCallback, EndingAnyTwoInAnyOrderLeavesTheOthers) {
    for (std::size_t first = 0; first < 4; ++first) {
        for (std::size_t second = 0; second < 4; ++second) {
            stop_source source;
            std::string order;
            std::vector<std::unique_ptr<callback>> registered;
            for (char name : {'a', 'b', 'c', 'd'})
                registered.push_back(std::make_unique<callback>(source.get_token(),
                                                                [&order, name] { order += name; }));
            registered[first].reset();
            registered[second].reset();
            source.request_stop();
            std::string expected = "dcba";
            std::erase(expected, static_cast<char>('a' + first));
            std::erase(expected, static_cast<char>('a' + second));
            EXPECT_EQ(order, expected);
        }
    }
}

TEST(StopCallback, MayEndItselfAndItsMemory) {
    struct memory {
        alignas(std::max_align_t) std::array<unsigned char, 256> bytes;
    };
    struct end_itself {
        memory* place;
        void operator()() const noexcept {
            memory* reused = place;
            std::destroy_at(reinterpret_cast<stop_callback<end_itself>*>(reused->bytes.data()));
            reused->bytes.fill(0xAB);
        }
    };
    using self_ending = stop_callback<end_itself>;
    static_assert(sizeof(self_ending) <= sizeof(memory));
    stop_source source;
    int others = 0;
    memory place;
    callback older(source.get_token(), [&] { ++others; });
    ::new (place.bytes.data()) self_ending(source.get_token(), end_itself{&place});
    callback newer(source.get_token(), [&] { ++others; });
    source.request_stop();
    EXPECT_EQ(others, 2);
    EXPECT_TRUE(std::ranges::count(place.bytes, 0xAB) == 256) << "written to after its end";
}

TEST(StopCallback, MayEndAnotherBeforeItRuns) {
    stop_source source;
    int calls = 0;
    std::optional<callback> victim;
    victim.emplace(source.get_token(), [&] { ++calls; });
    callback newer(source.get_token(), [&] { victim.reset(); });
    source.request_stop();
    EXPECT_EQ(calls, 0);
}

TEST(StopCallback, MayEndAnotherAfterItRan) {
    stop_source source;
    std::optional<callback> done;
    bool ended = false;
    callback older(source.get_token(), [&] {
        done.reset();
        ended = true;
    });
    done.emplace(source.get_token(), [] {});
    source.request_stop();
    EXPECT_TRUE(ended);
}

TEST(StopCallback, AddedDuringTheRequestRunsAtOnce) {
    stop_source source;
    std::string order;
    std::optional<callback> inner;
    callback older(source.get_token(), [&] { order += 'o'; });
    callback outer(source.get_token(), [&] {
        order += '(';
        inner.emplace(source.get_token(), [&] { order += 'i'; });
        order += ')';
    });
    source.request_stop();
    EXPECT_EQ(order, "(i)o");
}

TEST(StopCallback, MayRequestAgainFromInside) {
    stop_source source;
    bool first = true;
    callback registered(source.get_token(), [&] { first = source.request_stop(); });
    EXPECT_TRUE(source.request_stop());
    EXPECT_FALSE(first);
}

TEST(StopCallback, MayStopASecondSource) {
    stop_source parent, child;
    bool stopped = false;
    callback follow(parent.get_token(), [&] { child.request_stop(); });
    callback seen(child.get_token(), [&] { stopped = true; });
    parent.request_stop();
    EXPECT_TRUE(stopped);
}

TEST(StopCallback, DestructorWaitsForTheCallbackOnAnotherThread) {
    // The callback outlasts the remover's decision to end it: a destructor that did not wait would
    // return in that time.
    for (int round = 0; round < 50; ++round) {
        stop_source source;
        std::atomic<bool> started = false;
        std::atomic<bool> removing = false;
        bool finished = false;  // not atomic: the destructor orders it
        std::optional<callback> registered;
        registered.emplace(source.get_token(), [&] {
            started = true;
            while (!removing)
                std::this_thread::yield();
            std::this_thread::sleep_for(std::chrono::microseconds(200));
            finished = true;
        });
        std::jthread requester([&] { source.request_stop(); });
        while (!started)
            std::this_thread::yield();
        removing = true;
        registered.reset();
        EXPECT_TRUE(finished);
    }
}

TEST(StopCallback, DestructorOnTheRequestersThreadAfterTheRequestReturns) {
    stop_source source;
    int calls = 0;
    {
        callback registered(source.get_token(), [&] { ++calls; });
        source.request_stop();
    }
    EXPECT_EQ(calls, 1);
}

TEST(StopCallback, DestructorOnAnotherThreadAfterTheRequestReturns) {
    stop_source source;
    auto registered = std::make_unique<callback>(source.get_token(), [] {});
    std::jthread([&] { source.request_stop(); }).join();
    registered.reset();
    EXPECT_TRUE(source.stop_requested());
}

#if !defined(NDEBUG) || defined(SPARGIO_ASSERTIONS)
TEST(StopSourceDeathTest, MustOutliveItsCallbacks) {
    EXPECT_DEATH(
        {
            auto source = std::make_unique<stop_source>();
            callback registered(source->get_token(), [] {});
            source.reset();
        },
        "assertion failed");
}
#endif

// --- adapter ----------------------------------------------------------------------------------

TEST(StopAdapter, ForwardsTheRequest) {
    std::stop_source standard;
    stop_adapter adapter(standard.get_token());
    EXPECT_FALSE(adapter.token().stop_requested());
    standard.request_stop();
    EXPECT_TRUE(adapter.token().stop_requested());
}

TEST(StopAdapter, OfAStoppedTokenIsStopped) {
    std::stop_source standard;
    standard.request_stop();
    stop_adapter adapter(standard.get_token());
    EXPECT_TRUE(adapter.token().stop_requested());
}

TEST(StopAdapter, RunsTheCallbacksOfItsToken) {
    std::stop_source standard;
    stop_adapter adapter(standard.get_token());
    int calls = 0;
    callback registered(adapter.token(), [&] { ++calls; });
    standard.request_stop();
    EXPECT_EQ(calls, 1);
}

TEST(StopAdapter, OfATokenThatCannotStopNeverStops) {
    stop_adapter adapter{std::stop_token()};
    EXPECT_FALSE(adapter.token().stop_requested());
}

TEST(StopAdapter, EndsItsRegistration) {
    std::stop_source standard;
    { stop_adapter adapter(standard.get_token()); }
    EXPECT_TRUE(standard.request_stop());
}

}  // namespace
}  // namespace spargio
