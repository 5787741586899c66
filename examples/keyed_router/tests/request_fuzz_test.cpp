// Bytes of all kinds, right and wrong: whatever the pieces they come in, the parser says the same
// of them, stays within its limits, and ends.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "parsed.hpp"
#include "spargio/testing/random_source.hpp"

namespace keyed_router::test {
namespace {

using spargio::testing::random_source;

const request_limits small_limits{.max_bulk_bytes = 40, .max_args = 6, .max_request_bytes = 120};

auto times(unsigned usual) -> unsigned {
    const char* asked = std::getenv("SPARGIO_LONG");
    return asked != nullptr && *asked == '1' ? usual * 100 : usual;
}

auto some_bytes(random_source& random, std::uint64_t most) -> std::string {
    std::string bytes(random.below(most + 1), '\0');
    for (char& byte : bytes) {
        constexpr std::string_view likely = "\r\n*$ab 01-\"'\\x";
        byte = random.below(4) == 0 ? static_cast<char>(random.below(256))
                                    : likely[random.below(likely.size())];
    }
    return bytes;
}

auto some_array(random_source& random) -> std::string {
    const auto count = random.below(8);
    std::string bytes = "*" + std::to_string(count) + "\r\n";
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string arg = some_bytes(random, 45);
        bytes += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
    }
    return bytes;
}

/// Mostly right, so that what is wrong lies behind something right.
auto some_stream(random_source& random) -> std::string {
    std::string bytes;
    for (auto parts = random.below(5) + 1; parts != 0; --parts) {
        switch (random.below(4)) {
        case 0:
            bytes += some_bytes(random, 30) + "\r\n";
            break;
        case 1:
            bytes += "set key \"" + std::string(random.below(9), 'v') + "\" 'x'\n";
            break;
        default:
            bytes += some_array(random);
        }
    }
    if (random.below(2) == 0 && !bytes.empty()) {
        bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    if (random.below(4) == 0) {
        bytes.resize(random.below(bytes.size() + 1));
    }
    return bytes;
}

void expect_within_limits(const parsed& seen) {
    for (const auto& request : seen.requests) {
        EXPECT_LE(request.size(), small_limits.max_args);
    }
}

TEST(RequestFuzz, EverySplitInTwoSaysTheSameAsTheWhole) {
    const std::uint64_t seed = spargio::testing::process_seed();
    SCOPED_TRACE(seed);
    random_source random(seed);
    for (unsigned round = 0; round < times(2000); ++round) {
        const std::string bytes = some_stream(random);
        const parsed whole = parse_whole(bytes, small_limits);
        expect_within_limits(whole);
        for (std::size_t split = 0; split <= bytes.size(); ++split) {
            feeder halves(small_limits);
            halves.feed(std::string_view(bytes).substr(0, split));
            halves.feed(std::string_view(bytes).substr(split));
            ASSERT_EQ(halves.seen(), whole) << "split at " << split << " of " << bytes;
        }
    }
}

TEST(RequestFuzz, PiecesOfAnySizeSayTheSameAsTheWhole) {
    const std::uint64_t seed = spargio::testing::process_seed();
    SCOPED_TRACE(seed);
    random_source random(seed);
    for (unsigned round = 0; round < times(10'000); ++round) {
        const std::string bytes = some_stream(random);
        const auto longest = random.below(16) + 1;
        feeder pieces(small_limits);
        for (std::string_view rest = bytes; !rest.empty();) {
            const auto piece = rest.substr(0, random.below(longest) + 1);
            pieces.feed(piece);
            rest.remove_prefix(piece.size());
        }
        ASSERT_EQ(pieces.seen(), parse_whole(bytes, small_limits)) << bytes;
    }
}

}  // namespace
}  // namespace keyed_router::test
