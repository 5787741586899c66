#include "spargio/core/linked_line.hpp"

#include <gtest/gtest.h>

namespace spargio::detail {
namespace {

struct item {
    item* next = nullptr;
    item* prev = nullptr;
};

TEST(LinkedLine, GivesItemsBackInTheirOrder) {
    item a, b, c;
    linked_line<item> line;
    EXPECT_TRUE(line.empty());
    EXPECT_EQ(line.pop(), nullptr);
    for (item* each : {&a, &b, &c})
        line.push(*each);
    EXPECT_EQ(line.size(), 3u);
    EXPECT_EQ(line.first(), &a);
    EXPECT_EQ(line.pop(), &a);
    EXPECT_EQ(line.pop(), &b);
    EXPECT_EQ(line.pop(), &c);
    EXPECT_TRUE(line.empty());
}

TEST(LinkedLine, AnyMayLeaveAndComeAgain) {
    item a, b, c;
    for (item* leaving : {&a, &b, &c}) {
        linked_line<item> line;
        for (item* each : {&a, &b, &c})
            line.push(*each);
        line.remove(*leaving);
        EXPECT_FALSE(line.contains(*leaving));
        EXPECT_EQ(line.size(), 2u);
        line.push(*leaving);
        for (item* each : {&a, &b, &c}) {
            if (each != leaving) {
                EXPECT_EQ(line.pop(), each);
            }
        }
        EXPECT_EQ(line.pop(), leaving);
        EXPECT_EQ(line.first(), nullptr);
    }
}

TEST(LinkedLine, KnowsTheOnlyOne) {
    item only, other;
    linked_line<item> line;
    EXPECT_FALSE(line.contains(only));
    line.push(only);
    EXPECT_TRUE(line.contains(only));
    EXPECT_FALSE(line.contains(other));
    line.remove(only);
    EXPECT_FALSE(line.contains(only));
}

}  // namespace
}  // namespace spargio::detail
