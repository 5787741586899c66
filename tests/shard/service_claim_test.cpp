#include "spargio/shard/service_claim.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace spargio::shard_test {
namespace {

using detail::service_claim;

TEST(ServiceClaim, OneHolderAtATime) {
    service_claim claim;
    EXPECT_TRUE(claim.try_acquire());
    EXPECT_FALSE(claim.try_acquire());
    claim.release();
    claim.acquire();
    EXPECT_FALSE(claim.try_acquire());
    claim.release();
    EXPECT_TRUE(claim.try_acquire());
}

/// Plain data that only the claim guards: the thread sanitizer sees a gap in it.
TEST(ServiceClaim, HandsOnWhatItGuards) {
    constexpr int rounds = 20'000;
    service_claim claim;
    int guarded = 0;
    int by_helpers = 0;
    {
        std::vector<std::jthread> helpers;
        for (int i = 0; i < 2; ++i) {
            helpers.emplace_back([&] {
                for (int round = 0; round < rounds; ++round) {
                    if (!claim.try_acquire())
                        continue;
                    ++guarded;
                    ++by_helpers;
                    claim.release();
                }
            });
        }
        for (int round = 0; round < rounds; ++round) {
            claim.acquire();
            ++guarded;
            claim.release();
        }
    }
    EXPECT_EQ(guarded, rounds + by_helpers);
}

}  // namespace
}  // namespace spargio::shard_test
