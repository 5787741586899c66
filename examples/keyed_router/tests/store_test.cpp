#include "store.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "partition.hpp"
#include "spargio/testing/random_source.hpp"

namespace keyed_router::test {
namespace {

using condition = store::condition;
using outcome = store::set_outcome;

constexpr store_limits roomy{.max_keys = 1'000'000, .max_bytes = 1 << 30};

auto set(store& keys, std::string_view key, std::string_view value,
         std::int64_t expires = store::never, condition when = condition::always,
         std::int64_t now = 0) {
    return keys.set(keyspace::hashed(key), value, expires, when, now);
}
auto get(store& keys, std::string_view key, std::int64_t now = 0) {
    return keys.get(keyspace::hashed(key), now);
}

TEST(Store, KeepsWhatIsSet) {
    store keys(roomy);
    EXPECT_EQ(get(keys, "a"), std::nullopt);
    EXPECT_EQ(set(keys, "a", "1"), outcome::stored);
    EXPECT_EQ(set(keys, "b", std::string(1000, 'x')), outcome::stored);
    EXPECT_EQ(get(keys, "a"), "1");
    EXPECT_EQ(set(keys, "a", std::string(500, 'y')), outcome::stored);
    EXPECT_EQ(get(keys, "a"), std::string(500, 'y'));
    EXPECT_EQ(set(keys, "a", ""), outcome::stored);
    EXPECT_EQ(get(keys, "a"), "");
    EXPECT_EQ(get(keys, "b"), std::string(1000, 'x'));
    EXPECT_EQ(keys.keys(), 2u);
}

TEST(Store, SetsOnConditions) {
    store keys(roomy);
    EXPECT_EQ(set(keys, "a", "1", store::never, condition::if_present), outcome::condition_unmet);
    EXPECT_EQ(set(keys, "a", "1", store::never, condition::if_absent), outcome::stored);
    EXPECT_EQ(set(keys, "a", "2", store::never, condition::if_absent), outcome::condition_unmet);
    EXPECT_EQ(set(keys, "a", "3", store::never, condition::if_present), outcome::stored);
    EXPECT_EQ(get(keys, "a"), "3");
}

TEST(Store, ForgetsWhenTheTimeComes) {
    store keys(roomy);
    (void)set(keys, "a", "1", 100);
    EXPECT_EQ(keys.keys_with_expiry(), 1u);
    EXPECT_EQ(get(keys, "a", 99), "1");
    EXPECT_EQ(keys.expiry(keyspace::hashed("a"), 99), 100);
    EXPECT_EQ(get(keys, "a", 100), std::nullopt);
    EXPECT_EQ(keys.keys(), 0u);
    EXPECT_EQ(keys.keys_with_expiry(), 0u);
    EXPECT_EQ(keys.bytes(), 0u);
}

TEST(Store, ASetTakesTheTimeAwayAndAnIncrementKeepsIt) {
    store keys(roomy);
    (void)set(keys, "a", "1", 100);
    EXPECT_EQ(keys.add(keyspace::hashed("a"), 4, 0), 5);
    EXPECT_EQ(keys.expiry(keyspace::hashed("a"), 0), 100);
    (void)set(keys, "a", "2");
    EXPECT_EQ(keys.expiry(keyspace::hashed("a"), 0), store::never);
    EXPECT_EQ(keys.keys_with_expiry(), 0u);
}

TEST(Store, AnExpiryInThePastRemoves) {
    store keys(roomy);
    (void)set(keys, "a", "1");
    EXPECT_TRUE(keys.set_expiry(keyspace::hashed("a"), 5, {}, 5));
    EXPECT_EQ(get(keys, "a"), std::nullopt);
    EXPECT_FALSE(keys.set_expiry(keyspace::hashed("a"), 50, {}, 5));
}

TEST(Store, AnExpiryIsSetWhenItsConditionIsMet) {
    store keys(roomy);
    const auto key = keyspace::hashed("a");
    (void)set(keys, "a", "1");
    // One without lives for ever: nothing is later.
    EXPECT_FALSE(keys.set_expiry(key, 50, {.if_some = true}, 5));
    EXPECT_FALSE(keys.set_expiry(key, 50, {.if_later = true}, 5));
    EXPECT_TRUE(keys.set_expiry(key, 50, {.if_sooner = true}, 5));
    EXPECT_FALSE(keys.set_expiry(key, 60, {.if_none = true}, 5));
    EXPECT_FALSE(keys.set_expiry(key, 50, {.if_later = true}, 5));
    EXPECT_TRUE(keys.set_expiry(key, 60, {.if_some = true, .if_later = true}, 5));
    EXPECT_FALSE(keys.set_expiry(key, 60, {.if_sooner = true}, 5));
    EXPECT_EQ(keys.expiry(key, 5), 60);
    EXPECT_EQ(keys.keys_with_expiry(), 1u);
}

TEST(Store, AddsToNumbersOnly) {
    store keys(roomy);
    EXPECT_EQ(keys.add(keyspace::hashed("n"), -7, 0), -7);
    EXPECT_EQ(keys.add(keyspace::hashed("n"), INT64_MIN, 0),
              std::unexpected(store::add_error::overflow));
    EXPECT_EQ(get(keys, "n"), "-7");
    for (const char* text : {"", " 1", "1 ", "x", "99999999999999999999"}) {
        (void)set(keys, "t", text);
        EXPECT_EQ(keys.add(keyspace::hashed("t"), 1, 0),
                  std::unexpected(store::add_error::not_a_number));
    }
}

TEST(Store, StaysWithinItsLimits) {
    store few({.max_keys = 2, .max_bytes = 1 << 20});
    EXPECT_EQ(set(few, "a", "1"), outcome::stored);
    EXPECT_EQ(set(few, "b", "1"), outcome::stored);
    EXPECT_EQ(set(few, "c", "1"), outcome::full);
    EXPECT_EQ(few.add(keyspace::hashed("c"), 1, 0), std::unexpected(store::add_error::full));
    EXPECT_EQ(set(few, "a", "2"), outcome::stored);
    store small({.max_keys = 100, .max_bytes = 1000});
    EXPECT_EQ(set(small, "a", std::string(400, 'x')), outcome::stored);
    EXPECT_EQ(set(small, "b", std::string(900, 'x')), outcome::full);
    EXPECT_EQ(set(small, "a", std::string(2000, 'x')), outcome::full);
    EXPECT_EQ(get(small, "a"), std::string(400, 'x'));
    EXPECT_EQ(set(small, "a", "x"), outcome::stored);
    EXPECT_EQ(set(small, "b", std::string(800, 'x')), outcome::stored);
    EXPECT_LE(small.bytes(), 1000u);
}

TEST(Store, ASweepRemovesWhatIsOverAndNothingElse) {
    store keys(roomy);
    for (int i = 0; i < 1000; ++i) {
        (void)set(keys, "k" + std::to_string(i), "v", i % 2 == 0 ? 10 : store::never);
    }
    std::size_t removed = 0;
    for (int step = 0; step < 100; ++step) {
        removed += keys.sweep(64, 10);
    }
    EXPECT_EQ(removed, 500u);
    EXPECT_EQ(keys.keys_with_expiry(), 0u);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_EQ(get(keys, "k" + std::to_string(i)).has_value(), i % 2 == 1);
    }
}

/// A map that was there before, doing the same.
TEST(Store, DoesWhatAMapDoes) {
    const std::uint64_t seed = spargio::testing::process_seed();
    SCOPED_TRACE(seed);
    spargio::testing::random_source random(seed);
    store keys(roomy);
    std::map<std::string, std::string> model;
    for (int step = 0; step < 200'000; ++step) {
        const std::string key = "key" + std::to_string(random.below(2000));
        switch (random.below(5)) {
        case 0:
        case 1: {
            const std::string value(random.below(60), static_cast<char>('a' + step % 26));
            ASSERT_EQ(set(keys, key, value), outcome::stored);
            model[key] = value;
            break;
        }
        case 2:
        case 3:
            ASSERT_EQ(keys.erase(keyspace::hashed(key), 0), model.erase(key) == 1);
            break;
        default:
            if (const auto found = model.find(key); found != model.end()) {
                ASSERT_EQ(get(keys, key), found->second);
            } else {
                ASSERT_EQ(get(keys, key), std::nullopt);
            }
        }
        ASSERT_EQ(keys.keys(), model.size());
    }
    keys.clear();
    EXPECT_EQ(keys.keys(), 0u);
    EXPECT_EQ(keys.bytes(), 0u);
}

}  // namespace
}  // namespace keyed_router::test
