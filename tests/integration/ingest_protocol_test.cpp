#include "examples/ingest/protocol.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ingest {
namespace {

using raw_header = std::array<std::byte, file_header_size>;

constexpr std::uint64_t limit = 1000;

constexpr auto header(std::uint16_t name_length, std::uint64_t file_length) -> raw_header {
    raw_header raw{std::byte{'S'}, std::byte{'P'}, std::byte{'I'}, std::byte{'N'}, std::byte{1}};
    raw[6] = static_cast<std::byte>(name_length >> 8);
    raw[7] = static_cast<std::byte>(name_length);
    for (std::size_t i = 0; i < 8; ++i) {
        raw[8 + i] = static_cast<std::byte>(file_length >> (56 - 8 * i));
    }
    return raw;
}

TEST(IngestProtocol, LengthsAreBigEndian) {
    auto parsed = parse_file_header(header(0x00fe, 0x0102030405060708), UINT64_MAX);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->name_length, 0xfe);
    EXPECT_EQ(parsed->file_length, 0x0102030405060708u);
}

TEST(IngestProtocol, LengthsAtTheirLimitsPass) {
    EXPECT_TRUE(parse_file_header(header(1, 0), limit));
    EXPECT_TRUE(parse_file_header(header(max_name_length, limit), limit));
}

TEST(IngestProtocol, LengthsPastTheirLimitsAreNamed) {
    auto error = [](std::uint16_t name_length, std::uint64_t file_length) {
        return parse_file_header(header(name_length, file_length), limit).error();
    };
    EXPECT_EQ(error(0, 0), status::malformed_frame);
    EXPECT_EQ(error(max_name_length + 1, 0), status::malformed_frame);
    EXPECT_EQ(error(UINT16_MAX, 0), status::malformed_frame);
    EXPECT_EQ(error(1, limit + 1), status::file_too_large);
    EXPECT_EQ(error(1, UINT64_MAX), status::file_too_large);
}

TEST(IngestProtocol, EveryWrongByteBeforeTheLengthsIsMalformed) {
    for (std::size_t at = 0; at < 6; ++at) {
        auto raw = header(1, 0);
        raw[at] ^= std::byte{0x80};
        auto parsed = parse_file_header(raw, limit);
        ASSERT_FALSE(parsed) << "byte " << at;
        EXPECT_EQ(parsed.error(), status::malformed_frame);
    }
}

TEST(IngestProtocol, NamesThatLeaveTheDirectoryAreRefused) {
    for (auto name : {"", ".", "..", "../x", "x/..", "a/b", "/", "/x", ".x", "a..b", "..."}) {
        EXPECT_FALSE(is_valid_name(name)) << name;
    }
    EXPECT_FALSE(is_valid_name(std::string(max_name_length + 1, 'n')));
}

TEST(IngestProtocol, ControlCharactersAreRefusedAndNoOther) {
    for (int c = 0; c < 256; ++c) {
        auto name = std::string("x") + static_cast<char>(c) + "y";
        auto refused = c < 0x20 || c == 0x7f || c == '/';
        EXPECT_EQ(is_valid_name(name), !refused) << "byte " << c;
    }
}

TEST(IngestProtocol, OrdinaryNamesPass) {
    for (auto name :
         {"x", "stdio.h", "a.b.c", "with space", "%2fusr%2finclude", "~", "-rf", "x."}) {
        EXPECT_TRUE(is_valid_name(name)) << name;
    }
    EXPECT_TRUE(is_valid_name(std::string(max_name_length, 'n')));
}

TEST(IngestProtocol, AnswersCarryStatusChecksumAndText) {
    digest checksum;
    checksum.fill(std::byte{0xab});
    answer stored(status::ok, checksum);
    auto bytes = stored.bytes();
    ASSERT_EQ(bytes.size(), answer_header_size + 2);
    EXPECT_TRUE(std::ranges::equal(bytes.subspan(8, digest_size), checksum));

    answer failed(status::too_many_open_files);
    bytes = failed.bytes();
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    EXPECT_EQ(text.substr(0, 8), std::string("SPIA\x01\x06\x00\x13", 8));
    EXPECT_EQ(text.substr(8, digest_size), std::string(digest_size, '\0'));
    EXPECT_EQ(text.substr(answer_header_size), "too_many_open_files");
}

TEST(IngestProtocol, EveryStatusHasATextThatFits) {
    for (std::size_t i = 0; i < status_count; ++i) {
        auto code = static_cast<status>(i);
        EXPECT_FALSE(name_of(code).empty());
        EXPECT_EQ(answer(code).bytes().size(), answer_header_size + name_of(code).size());
    }
}

}  // namespace
}  // namespace ingest
