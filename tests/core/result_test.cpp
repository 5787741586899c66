#include "spargio/core/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string>

namespace spargio {
namespace {

TEST(Error, CategoryIsNamedAfterTheLibrary) {
    EXPECT_STREQ(error_category().name(), "spargio");
}

TEST(Error, ErrcConvertsToAnErrorCodeOfTheCategory) {
    const std::error_code code = errc::overloaded;
    EXPECT_EQ(code.category(), error_category());
    EXPECT_EQ(code, errc::overloaded);
    EXPECT_NE(code, errc::shut_down);
}

TEST(Error, NoErrcMeansSuccess) {
    EXPECT_FALSE(std::error_code());
    EXPECT_TRUE(std::error_code(errc::overloaded));
}

TEST(Error, EachCodeHasAMessageOfItsOwn) {
    std::set<std::string> messages;
    const int last = static_cast<int>(errc::nothing_written);
    for (int value = 1; value <= last; ++value) {
        const std::string message = error_category().message(value);
        EXPECT_NE(message, "unknown spargio error") << value;
        EXPECT_TRUE(messages.insert(message).second) << message;
    }
}

TEST(Error, UnknownValueHasAMessageToo) {
    EXPECT_EQ(error_category().message(9999), "unknown spargio error");
}

TEST(Error, IsNotConfusedWithAnErrnoOfTheSameNumber) {
    const std::error_code of_kernel(static_cast<int>(errc::overloaded), std::generic_category());
    EXPECT_NE(of_kernel, errc::overloaded);
}

TEST(Result, FailureOfAnErrnoIsComparableWithStdErrc) {
    const result<int> outcome = failure(ECANCELED);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(), std::errc::operation_canceled);
}

TEST(Result, FailureOfAnErrcKeepsTheCode) {
    const result<int> outcome = failure(errc::backpressure);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(), errc::backpressure);
}

TEST(ValueOrThrow, YieldsTheValue) {
    EXPECT_EQ(value_or_throw(result<int>(7)), 7);
}

TEST(ValueOrThrow, MovesAMoveOnlyValueOut) {
    auto value = value_or_throw(result<std::unique_ptr<int>>(std::make_unique<int>(7)));
    EXPECT_EQ(*value, 7);
}

TEST(ValueOrThrow, ThrowsTheCode) {
    try {
        value_or_throw(result<int>(failure(ECONNRESET)));
        FAIL() << "did not throw";
    } catch (const std::system_error& thrown) {
        EXPECT_EQ(thrown.code(), std::errc::connection_reset);
    }
}

TEST(ValueOrThrow, OfVoidThrowsOnlyOnAnError) {
    EXPECT_NO_THROW(value_or_throw(result<void>()));
    EXPECT_THROW(value_or_throw(result<void>(failure(errc::shut_down))), std::system_error);
}

}  // namespace
}  // namespace spargio
