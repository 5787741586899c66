#include "spargio/shard/wake_list.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <thread>
#include <vector>

namespace spargio::shard_test {
namespace {

using detail::wake_list;
using detail::work_item;
using detail::work_list;

struct numbered : work_item {
    numbered() : work_item([](work_item&) noexcept {}) {}
    unsigned source = 0;
    unsigned number = 0;
};

TEST(WakeList, DrainsInTheOrderOfThePushes) {
    std::array<numbered, 5> items;
    wake_list list;
    work_list ready;
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.drain(ready), 0u);
    for (auto& item : items)
        list.push(item);
    EXPECT_FALSE(list.empty());
    EXPECT_EQ(list.drain(ready), 5u);
    EXPECT_TRUE(list.empty());
    for (auto& item : items)
        EXPECT_EQ(&ready.pop(), &item);
    EXPECT_TRUE(ready.empty());
}

TEST(WakeList, DrainedItemsComeBehindWhatIsReady) {
    std::array<numbered, 3> items;
    wake_list list;
    work_list ready;
    ready.push(items[0]);
    list.push(items[1]);
    list.push(items[2]);
    EXPECT_EQ(list.drain(ready), 2u);
    for (auto& item : items)
        EXPECT_EQ(&ready.pop(), &item);
}

TEST(WakeList, DrainedItemCanBePushedAgain) {
    numbered item;
    wake_list list;
    for (int round = 0; round < 3; ++round) {
        work_list ready;
        list.push(item);
        EXPECT_EQ(list.drain(ready), 1u);
        EXPECT_EQ(&ready.pop(), &item);
        EXPECT_EQ(item.next, nullptr);
    }
}

TEST(WakeList, EachSourcesOrderIsKept) {
    constexpr unsigned sources = 3;
    constexpr unsigned each = 20'000;
    wake_list list;
    std::vector<std::unique_ptr<numbered[]>> items;
    for (unsigned source = 0; source < sources; ++source)
        items.push_back(std::make_unique<numbered[]>(each));
    std::vector<std::jthread> threads;
    for (unsigned source = 0; source < sources; ++source) {
        threads.emplace_back([&list, own = items[source].get(), source] {
            for (unsigned number = 0; number < each; ++number) {
                own[number].source = source;
                own[number].number = number;
                list.push(own[number]);
            }
        });
    }
    std::array<unsigned, sources> next{};
    for (unsigned taken = 0; taken < sources * each;) {
        work_list ready;
        const unsigned moved = list.drain(ready);
        ASSERT_EQ(moved, ready.size());
        taken += moved;
        while (!ready.empty()) {
            const auto& item = static_cast<numbered&>(ready.pop());
            ASSERT_EQ(item.number, next[item.source]++);
        }
        if (moved == 0)
            std::this_thread::yield();
    }
    EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace spargio::shard_test
