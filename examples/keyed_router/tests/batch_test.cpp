// Requests of one connection, performed by the shards that own their keys.

#include "batch.hpp"

#include <gtest/gtest.h>

#include "command.hpp"
#include "spargio/runtime/run.hpp"

namespace keyed_router::test {
namespace {

using words = std::vector<std::string_view>;

constexpr store_limits roomy{.max_keys = 100'000, .max_bytes = 1 << 28};

class world {
public:
    explicit world(unsigned shards, std::size_t reply_bytes = 1 << 20)
        : keys(shards, roomy), requests(keys, 0, reply_bytes) {}

    void ask(const words& request) {
        (void)dispatch(request, requests, {.keys = &keys, .port = 1, .connection = 1});
    }
    /// All replies; `pieces` counts how often some had to be taken before the rest was performed.
    auto replies() -> spargio::task<std::string> {
        std::string all;
        for (bool last = false; !last; ++pieces) {
            EXPECT_TRUE(co_await requests.run());
            std::string some;
            last = requests.take_replies(some);
            longest = std::max(longest, some.size());
            all += some;
        }
        requests.clear();
        co_return all;
    }

    keyspace keys;
    batch requests;
    unsigned pieces = 0;
    std::size_t longest = 0;
};

template <class Scenario>
void on_shards(unsigned shards, Scenario scenario) {
    spargio::run_with(spargio::runtime_builder().shards(shards), scenario);
}

TEST(Batch, RepliesComeInTheOrderOfTheRequestsThoughShardsDiffer) {
    on_shards(3, []() -> spargio::task<> {
        world all(3);
        std::vector<std::string> keys;
        std::string expected;
        for (int i = 0; i < 100; ++i) {
            keys.push_back("key" + std::to_string(i));
        }
        for (const auto& key : keys) {
            all.ask({"SET", key, key});
            all.ask({"GET", key});
            all.ask({"ECHO", "between"});
            expected += "+OK\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
            expected += "$7\r\nbetween\r\n";
        }
        EXPECT_EQ(co_await all.replies(), expected);
        std::size_t held = 0;
        for (unsigned shard = 0; shard < 3; ++shard) {
            EXPECT_GT(all.keys.of(shard).keys().keys(), 10u);
            held += all.keys.of(shard).keys().keys();
        }
        EXPECT_EQ(held, 100u);
    });
}

TEST(Batch, RequestsForSeveralKeysAreJoinedFromAllShards) {
    on_shards(3, []() -> spargio::task<> {
        world all(3);
        all.ask({"MSET", "a", "1", "b", "2", "c", "3", "d", "4"});
        all.ask({"MGET", "a", "b", "x", "c", "d"});
        all.ask({"EXISTS", "a", "b", "a", "x"});
        all.ask({"DBSIZE"});
        all.ask({"DEL", "a", "b", "x"});
        all.ask({"DBSIZE"});
        all.ask({"FLUSHALL"});
        all.ask({"DBSIZE"});
        EXPECT_EQ(co_await all.replies(),
                  "+OK\r\n*5\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n$1\r\n3\r\n$1\r\n4\r\n"
                  ":3\r\n:4\r\n:2\r\n:2\r\n+OK\r\n:0\r\n");
    });
}

TEST(Batch, LongRepliesAreTakenInPiecesOfBoundedSize) {
    on_shards(2, []() -> spargio::task<> {
        constexpr std::size_t bound = 4096;
        world all(2, bound);
        const std::string value(1000, 'v');
        words everything{"MGET"};
        std::vector<std::string> keys;
        for (int i = 0; i < 40; ++i) {
            keys.push_back("key" + std::to_string(i));
        }
        std::string expected;
        for (const auto& key : keys) {
            all.ask({"SET", key, value});
            expected += "+OK\r\n";
        }
        for (const auto& key : keys) {
            all.ask({"GET", key});
            expected += "$1000\r\n" + value + "\r\n";
            everything.push_back(key);
        }
        all.ask(everything);
        expected += "*40\r\n";
        for (std::size_t i = 0; i < keys.size(); ++i) {
            expected += "$1000\r\n" + value + "\r\n";
        }
        EXPECT_EQ(co_await all.replies(), expected);
        EXPECT_GE(all.pieces, expected.size() / (bound + 1100));
        EXPECT_LE(all.longest, bound + 1100);
    });
}

TEST(Batch, OneKeyKeepsTheOrderOfItsRequests) {
    on_shards(2, []() -> spargio::task<> {
        world all(2);
        std::string expected;
        for (int i = 1; i <= 200; ++i) {
            all.ask({"INCR", "counter"});
            all.ask({"GET", i % 2 == 0 ? "even" : "odd"});
            expected += ":" + std::to_string(i) + "\r\n$-1\r\n";
        }
        EXPECT_EQ(co_await all.replies(), expected);
    });
}

TEST(Batch, AClosingRuntimeIsAnError) {
    auto own = spargio::runtime_builder().shards(2).build();
    ASSERT_TRUE(own);
    own->block_on([&]() -> spargio::task<> {
        world all(2);
        all.ask({"MSET", "a", "1", "b", "2", "c", "3", "d", "4"});
        (void)co_await own->shutdown(std::chrono::hours(1));
        const auto ran = co_await all.requests.run();
        EXPECT_EQ(ran, std::unexpected(make_error_code(spargio::errc::shut_down)));
    });
}

}  // namespace
}  // namespace keyed_router::test
