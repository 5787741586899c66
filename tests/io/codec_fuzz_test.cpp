// Codecs on bytes from a seed: what was encoded comes back however it is cut, and what nobody
// encoded is an answer, never a crash, a hang, or memory without bounds.

#include "io_steps.hpp"
#include "spargio/io/buf_reader.hpp"
#include "spargio/io/framed.hpp"
#include "spargio/io/length_delimited_codec.hpp"
#include "spargio/io/line_codec.hpp"

namespace spargio::io_test {
namespace {

unsigned rounds(unsigned usual) {
    return std::getenv("SPARGIO_LONG") != nullptr ? 50 * usual : usual;
}

length_delimited_options some_options(testing::random_source& random) {
    const unsigned bytes = 1u << random.below(4);
    return {.length_bytes = bytes,
            .byte_order = random.chance(50) ? std::endian::big : std::endian::little,
            .max_frame = random.below(6'000),
            .counted_beside = random.chance(30) ? bytes : 0};
}

TEST(CodecFuzz, WhatIsEncodedComesBackHoweverItIsCut) {
    const std::uint64_t seed = testing::process_seed();
    on_shards(1, [=]() -> task<void> {
        for (unsigned round = 0; round < rounds(300); ++round) {
            testing::random_source random(seed + round);
            const length_delimited_codec codec(some_options(random));
            scripted_stream to;
            to.most = 1 + random.below(500);
            framed<scripted_stream&, length_delimited_codec> sending(to, codec);
            std::vector<std::string> sent;
            for (auto frames = random.below(20); frames != 0; --frames) {
                const auto frame = pattern(random.below(3'000), random.next());
                if (co_await sending.send(bytes_of(frame)))
                    sent.push_back(frame);
            }
            framed receiving(
                scripted_stream(cut_at_random(to.written, random, 1 + random.below(3'000))), codec);
            for (const std::string& frame : sent) {
                const auto next = co_await receiving.next();
                if (!next || !*next || text_of(**next) != frame) {
                    ADD_FAILURE() << "seed " << seed + round;
                    break;
                }
            }
            const auto end = co_await receiving.next();
            EXPECT_TRUE(end && !*end) << "seed " << seed + round;
        }
    });
}

TEST(CodecFuzz, AnyBytesEndInAnAnswer) {
    const std::uint64_t seed = testing::process_seed();
    on_shards(1, [=]() -> task<void> {
        for (unsigned round = 0; round < rounds(500); ++round) {
            testing::random_source random(seed + round);
            std::string bytes = pattern(random.below(5'000), random.next());
            // Many zeros make lengths that are not refused.
            for (char& b : bytes) {
                if (random.chance(70))
                    b = random.chance(90) ? '\0' : '\n';
            }
            const auto pieces = cut_at_random(bytes, random, 1 + random.below(200));
            const length_delimited_codec codec(some_options(random));
            framed frames{scripted_stream(pieces), codec};
            std::size_t total = 0;
            for (;;) {
                const auto next = co_await frames.next();
                if (!next || !*next)
                    break;
                EXPECT_LE((*next)->size(), codec.longest());
                total += (*next)->size();
            }
            EXPECT_LE(total, bytes.size()) << "seed " << seed + round;
        }
    });
}

TEST(CodecFuzz, LinesAreWhatASearchFinds) {
    const std::uint64_t seed = testing::process_seed();
    on_shards(1, [=]() -> task<void> {
        for (unsigned round = 0; round < rounds(300); ++round) {
            testing::random_source random(seed + round);
            std::string text;
            for (auto size = random.below(3'000); size != 0; --size)
                text += "ab\r\n"[random.below(4)];
            const auto pieces = cut_at_random(text, random, 1 + random.below(100));
            framed frames(scripted_stream(pieces), line_codec(5'000));
            buf_reader reader(scripted_stream(pieces), 4'000);
            for (std::string_view rest = text;;) {
                const auto frame = value_or_throw(co_await frames.next());
                const auto line = value_or_throw(co_await reader.read_line());
                if (rest.empty()) {
                    EXPECT_TRUE(!frame && !line);
                    break;
                }
                const std::size_t end = rest.find('\n');
                std::string_view expected = rest.substr(0, end);
                if (end != rest.npos && expected.ends_with('\r'))
                    expected.remove_suffix(1);
                if (frame != expected || line != expected) {
                    ADD_FAILURE() << "seed " << seed + round;
                    break;
                }
                rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
            }
        }
    });
}

}  // namespace
}  // namespace spargio::io_test
