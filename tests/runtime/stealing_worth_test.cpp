// Thieves leave forks that are over sooner than a theft.

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "entry.hpp"
#include "process.hpp"

namespace spargio {
namespace {

constexpr unsigned branches = 16;

task<void> busy_for(std::uint64_t rounds, std::uint64_t& result) {
    for (std::uint64_t i = 0; i != rounds; ++i)
        result = (result ^ i) * 0x9e37'79b9'7f4a'7c15;
    co_return;
}

/// How many are stolen of `requests` families, one after the other, each branch of which takes
/// `rounds` multiplications.
std::uint64_t stolen_of(unsigned requests, std::uint64_t rounds) {
    runtime own = runtime_test::with_shards(2);
    auto families = [=]() -> task<void> {
        for (unsigned request = 0; request != requests; ++request) {
            std::vector<std::uint64_t> results(branches);
            std::vector<task<void>> family;
            for (std::uint64_t& result : results)
                family.push_back(busy_for(rounds, result));
            co_await when_all(std::move(family));
        }
    };
    value_or_throw(own.handle().spawn(placement::stealable(), std::move(families))).wait();
    return own.stats(0).items_stolen + own.stats(1).items_stolen;
}

TEST(StealingWorth, ForksThatAreOverSoonerThanATheftStay) {
    if (SPARGIO_TEST_HAS_FEATURE(thread_sanitizer) || SPARGIO_TEST_HAS_FEATURE(address_sanitizer))
        GTEST_SKIP() << "under this sanitizer no fork is small";
    constexpr unsigned requests = 20'000;
    EXPECT_LT(stolen_of(requests, 1), requests * (branches - 1) / 20);
}

}  // namespace
}  // namespace spargio
