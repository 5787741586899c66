#include "spargio/io/length_delimited_codec.hpp"

#include "io_steps.hpp"

namespace spargio::io_test {
namespace {

std::string encoded(const length_delimited_codec& codec, std::string_view frame) {
    std::vector<std::byte> output;
    value_or_throw(codec.encode(bytes_of(frame), output));
    return std::string(text_of(output));
}

TEST(LengthDelimited, EveryWidthInBothByteOrders) {
    using std::endian;
    const auto with = [](unsigned bytes, endian order) {
        return length_delimited_codec({.length_bytes = bytes, .byte_order = order});
    };
    EXPECT_EQ(encoded(with(1, endian::big), "ab"), std::string("\2ab", 3));
    EXPECT_EQ(encoded(with(1, endian::little), "ab"), std::string("\2ab", 3));
    EXPECT_EQ(encoded(with(2, endian::big), "ab"), std::string("\0\2ab", 4));
    EXPECT_EQ(encoded(with(2, endian::little), "ab"), std::string("\2\0ab", 4));
    EXPECT_EQ(encoded(with(4, endian::big), "ab"), std::string("\0\0\0\2ab", 6));
    EXPECT_EQ(encoded(with(4, endian::little), "ab"), std::string("\2\0\0\0ab", 6));
    EXPECT_EQ(encoded(with(8, endian::big), "ab"), std::string("\0\0\0\0\0\0\0\2ab", 10));
    EXPECT_EQ(encoded(with(8, endian::little), "ab"), std::string("\2\0\0\0\0\0\0\0ab", 10));
    const std::string large(0x1234, 'x');
    EXPECT_EQ(encoded(with(4, endian::big), large).substr(0, 4), std::string("\0\0\x12\x34", 4));
    EXPECT_EQ(encoded(with(4, endian::little), large).substr(0, 4), std::string("\x34\x12\0\0", 4));
}

TEST(LengthDelimited, SaysHowMuchItNeeds) {
    const length_delimited_codec codec;
    const std::string bytes("\0\0\0\3abcd", 8);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        const auto cut = codec.decode(bytes_of(bytes).first(size));
        ASSERT_TRUE(cut);
        EXPECT_EQ(cut->frame.has_value(), size >= 7);
        EXPECT_EQ(cut->size, size < 4 ? 4u : 7u);
        if (cut->frame) {
            EXPECT_EQ(text_of(*cut->frame), "abc");
        }
    }
}

TEST(LengthDelimited, RefusesATooLargeFrameAsSoonAsItsLengthIsThere) {
    const length_delimited_codec codec({.length_bytes = 2, .max_frame = 4});
    EXPECT_EQ(codec.decode(bytes_of(std::string("\0\4", 2)))->size, 6u);
    EXPECT_EQ(codec.decode(bytes_of(std::string("\0\5", 2))).error(), errc::frame_too_large);
}

TEST(LengthDelimited, TheLengthMayCountItself) {
    const length_delimited_codec codec({.length_bytes = 2, .counted_beside = 2});
    EXPECT_EQ(encoded(codec, "abc"), std::string("\0\5abc", 5));
    const std::string bytes("\0\5abc\0\2", 7);
    EXPECT_EQ(text_of(*codec.decode(bytes_of(bytes))->frame), "abc");
    EXPECT_EQ(text_of(*codec.decode(bytes_of(bytes).subspan(5))->frame), "");
    EXPECT_EQ(codec.decode(bytes_of(std::string("\0\1", 2))).error(), std::errc::bad_message);
}

TEST(LengthDelimited, FramesAreNoLongerThanTheLengthCanSay) {
    const std::string full(255, 'x'), over(256, 'x');
    const length_delimited_codec plain({.length_bytes = 1});
    EXPECT_EQ(encoded(plain, full).size(), 256u);
    std::vector<std::byte> output;
    EXPECT_EQ(plain.encode(bytes_of(over), output).error(), errc::frame_too_large);
    const length_delimited_codec counting({.length_bytes = 1, .counted_beside = 1});
    EXPECT_EQ(counting.encode(bytes_of(full), output).error(), errc::frame_too_large);
    EXPECT_TRUE(counting.encode(bytes_of(full).first(254), output));
}

TEST(LengthDelimited, ALengthOfAllOnesIsNoOverflow) {
    const std::string ones(8, '\xff');
    EXPECT_EQ(length_delimited_codec({.length_bytes = 8}).decode(bytes_of(ones)).error(),
              errc::frame_too_large);
    const length_delimited_codec unlimited({.length_bytes = 8, .max_frame = ~std::size_t{0}});
    EXPECT_EQ(unlimited.decode(bytes_of(ones)).error(), errc::frame_too_large);
    EXPECT_EQ(unlimited.longest(), ~std::size_t{0});
}

}  // namespace
}  // namespace spargio::io_test
