#include "spargio/core/work_item.hpp"

#include <gtest/gtest.h>

namespace spargio::detail {
namespace {

struct item : work_item {
    item() : work_item([](work_item&) noexcept {}) {}
};

TEST(WorkList, StartsEmpty) {
    work_list list;
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.size(), 0U);
}

TEST(WorkList, GivesItemsBackInTheirOrder) {
    item a, b, c;
    work_list list;
    list.push(a);
    list.push(b);
    list.push(c);
    EXPECT_EQ(&list.pop(), &a);
    EXPECT_EQ(&list.pop(), &b);
    EXPECT_EQ(&list.pop(), &c);
    EXPECT_TRUE(list.empty());
}

TEST(WorkList, CountsWhatItHolds) {
    item a, b;
    work_list list;
    list.push(a);
    list.push(b);
    EXPECT_EQ(list.size(), 2U);
    list.pop();
    EXPECT_EQ(list.size(), 1U);
    EXPECT_FALSE(list.empty());
}

TEST(WorkList, TakesAgainWhatItGaveBack) {
    item a, b;
    work_list list;
    list.push(a);
    list.push(b);
    list.push(list.pop());
    EXPECT_EQ(&list.pop(), &b);
    EXPECT_EQ(&list.pop(), &a);
}

TEST(WorkList, IsUsableAfterItRanEmpty) {
    item a, b;
    work_list list;
    list.push(a);
    list.pop();
    list.push(b);
    EXPECT_EQ(&list.pop(), &b);
    EXPECT_TRUE(list.empty());
}

#if !defined(NDEBUG) || defined(SPARGIO_ASSERTIONS)
TEST(WorkListDeathTest, AnItemIsInOneQueueAtATime) {
    item a, b;
    work_list list;
    list.push(a);
    list.push(b);
    EXPECT_DEATH(list.push(a), "assertion failed");
    EXPECT_DEATH(list.push(b), "assertion failed") << "the last item's link is null too";
}

TEST(WorkListDeathTest, AnEmptyListHasNothingToGive) {
    work_list list;
    EXPECT_DEATH(list.pop(), "assertion failed");
}
#endif

}  // namespace
}  // namespace spargio::detail
