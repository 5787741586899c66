#include "request_parser.hpp"

#include <gtest/gtest.h>

#include "parsed.hpp"

namespace keyed_router::test {
namespace {

using requests = std::vector<std::vector<std::string>>;
using namespace std::string_literals;

TEST(RequestParser, ArraysOfBulkStrings) {
    const parsed seen = parse_whole("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n");
    EXPECT_EQ(seen.requests, (requests{{"GET", "k"}, {"PING"}}));
    EXPECT_EQ(seen.error, "");
}

TEST(RequestParser, ArgumentsMayHoldAnything) {
    const std::string value = "\r\n*1\r\n\0$"s;
    const parsed seen =
        parse_whole("*2\r\n$0\r\n\r\n$" + std::to_string(value.size()) + "\r\n" + value + "\r\n");
    EXPECT_EQ(seen.requests, (requests{{"", value}}));
}

TEST(RequestParser, EmptyRequestsAreComplete) {
    EXPECT_EQ(parse_whole("*0\r\n*-1\r\n\r\n  \n").requests, requests(4));
}

TEST(RequestParser, InlineCommands) {
    EXPECT_EQ(parse_whole("PING\r\nset  a\tb\nget a \r\n").requests,
              (requests{{"PING"}, {"set", "a", "b"}, {"get", "a"}}));
}

TEST(RequestParser, QuotesOfInlineCommands) {
    EXPECT_EQ(parse_whole(R"(a "b c" 'd "e\' \n' "\x41\n\t\"\\\xg" "")"
                          "\n")
                  .requests,
              (requests{{"a", "b c", R"(d "e' \n)", "A\n\t\"\\xg", ""}}));
}

TEST(RequestParser, QuotesWithinAWordOfAnInlineCommand) {
    EXPECT_EQ(parse_whole(R"(a"b c" d'e')"
                          "\n"
                          R"(f"\x41")"
                          "\n")
                  .requests,
              (requests{{"ab c", "de"}, {"fA"}}));
    EXPECT_EQ(parse_whole("a\vb \v c\n").requests, (requests{{"a\vb", "c"}}));
}

struct fault {
    const char* name;
    std::string bytes;
    std::string error;
};

class RequestParserFaults : public ::testing::TestWithParam<fault> {};

INSTANTIATE_TEST_SUITE_P(
    All, RequestParserFaults,
    ::testing::Values(
        fault{"count_is_no_number", "*x\r\n", "invalid multibulk length"},
        fault{"count_begins_with_zero", "*01\r\n", "invalid multibulk length"},
        fault{"count_is_minus_zero", "*-0\r\n", "invalid multibulk length"},
        fault{"count_is_empty", "*\r\n", "invalid multibulk length"},
        fault{"count_is_too_long", "*99999999999", "invalid multibulk length"},
        fault{"too_many_arguments", "*17\r\n", "invalid multibulk length"},
        fault{"no_bulk", "*1\r\nPING\r\n", "expected '$', got 'P'"},
        fault{"unprintable", "*1\r\n\x01", "expected '$', got '?'"},
        fault{"bulk_is_negative", "*1\r\n$-1\r\n", "invalid bulk length"},
        fault{"bulk_begins_with_zero", "*1\r\n$04\r\nPING\r\n", "invalid bulk length"},
        fault{"bulk_is_minus_zero", "*1\r\n$-0\r\n\r\n", "invalid bulk length"},
        fault{"bulk_is_too_big", "*1\r\n$101\r\n", "invalid bulk length"},
        fault{"bulk_line_ends_wrong", "*1\r\n$1\rx", "invalid bulk length"},
        fault{"bulk_ends_wrong", "*1\r\n$1\r\nab\r\n", "bulk string without its end of line"},
        fault{"bulk_ends_half", "*1\r\n$1\r\na\rb", "bulk string without its end of line"},
        fault{"request_is_too_big",
              "*3\r\n$90\r\n" + std::string(90, 'x') + "\r\n$90\r\n" + std::string(90, 'x') +
                  "\r\n$90\r\n",
              "request too large"},
        fault{"quote_is_open", "set \"a\r\n", "unbalanced quotes in request"},
        fault{"quote_is_open_in_a_word", "set a'b\r\n", "unbalanced quotes in request"},
        fault{"quote_ends_in_a_word", "set \"a\"b\r\n", "unbalanced quotes in request"},
        fault{"inline_has_too_many", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7\n", "too many arguments"},
        fault{"inline_is_too_long", std::string(request_parser::max_inline_bytes, 'a'),
              "too big inline request"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(RequestParserFaults, AreNamed) {
    const request_limits limits{.max_bulk_bytes = 100, .max_args = 16, .max_request_bytes = 250};
    const parsed seen = parse_whole("*1\r\n$4\r\nPING\r\n" + GetParam().bytes, limits);
    EXPECT_EQ(seen.requests, (requests{{"PING"}}));
    EXPECT_EQ(seen.error, "Protocol error: " + GetParam().error);
}

TEST(RequestParser, WhatIsAtTheLimitsIsTaken) {
    const request_limits limits{.max_bulk_bytes = 100, .max_args = 2, .max_request_bytes = 250};
    const std::string hundred(100, 'x');
    const std::string bulk = "$100\r\n" + hundred + "\r\n";
    EXPECT_EQ(parse_whole("*2\r\n" + bulk + bulk, limits).requests, (requests{{hundred, hundred}}));
    const std::string line(request_parser::max_inline_bytes - 1, 'a');
    EXPECT_EQ(parse_whole(line + "\n").requests, (requests{{line}}));
}

}  // namespace
}  // namespace keyed_router::test
