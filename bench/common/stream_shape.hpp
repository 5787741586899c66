#pragma once

#include <cstdint>
#include <string_view>

#include "bench/common/mixing.hpp"

namespace bench {

/// Which of the streams are hot at a moment.
enum class hot_stream : std::uint8_t {
    first,           ///< always the first
    rotating,        ///< the next one at every moment
    alternating,     ///< the first, the last, the first, ...
    half,            ///< the lower half of them, and after eight moments the upper one
    quarter_by_lot,  ///< each by lot, one in four
    one_by_lot,      ///< one by lot
};

/// What the client-side stream workloads differ in: frames go out on `streams` connections to the
/// echo peer, at most `window` of them unanswered on each, and every echo has a stage of mixing.
///
/// A moment is a step where there are steps, and else 64 frames of a stream.
struct stream_shape {
    std::string_view workload;
    unsigned workers = 2;
    std::uint64_t streams = 8;
    std::uint64_t frame_bytes = 4096;
    std::uint64_t window = 32;
    hot_stream hot = hot_stream::rotating;
    /// Steps: each sends so many frames on the hot streams and the others, and ends when all of
    /// them are back; `items` counts the steps. Else there is one, `items` counts the hot stream's
    /// frames, and these two are their proportion.
    bool steps = true;
    std::uint64_t hot_frames = 1;
    std::uint64_t light_frames = 1;
    std::uint64_t hot_mixing = 0;  ///< mixing steps after an echo
    std::uint64_t light_mixing = 0;
    bool counts = false;  ///< an echo makes 16 keyed counts
    /// An echo is dealt to one of two workers in turn, which mixes so many steps and answers.
    std::uint64_t dealt_mixing = 0;
    /// A step but the last ends when so many streams are done; the reads of the others are
    /// cancelled, and they go on in the next one. 0: when all are.
    std::uint64_t first_done = 0;
    bool serial = false;         ///< in a step one stream after the other, by what it answered
    bool control = false;        ///< the first stream: 64 bytes, one at a time, each a request
    bool deadlines = false;      ///< every read has one, of a second
    std::uint64_t pause_us = 0;  ///< before each step, not counted

    static constexpr std::uint64_t frames_a_moment = 64;

    [[nodiscard]] constexpr auto is_hot(std::uint64_t stream, std::uint64_t moment) const -> bool {
        switch (hot) {
        case hot_stream::first:
            return stream == 0;
        case hot_stream::rotating:
            return stream == moment % streams;
        case hot_stream::alternating:
            return stream == (moment % 2 == 0 ? 0 : streams - 1);
        case hot_stream::half:
            return stream / (streams / 2) == moment / 8 % 2;
        case hot_stream::quarter_by_lot:
            return (mix(moment, stream) >> 32) % 4 == 0;
        case hot_stream::one_by_lot:
            return stream == (mix(moment, 0) >> 32) % streams;
        }
        return false;
    }
    [[nodiscard]] constexpr auto steps_in(std::uint64_t items) const -> std::uint64_t {
        return steps ? items : 1;
    }
    /// The streams that a step waits for.
    [[nodiscard]] constexpr auto awaited(std::uint64_t items, std::uint64_t step) const
        -> std::uint64_t {
        return first_done == 0 || step + 1 == steps_in(items) ? streams : first_done;
    }
    /// The frames of one stream in one step.
    [[nodiscard]] constexpr auto frames(std::uint64_t items, std::uint64_t stream,
                                        std::uint64_t step) const -> std::uint64_t {
        const std::uint64_t share = is_hot(stream, step) ? hot_frames : light_frames;
        return steps ? share : items * share / hot_frames;
    }
    /// The mixing after the echo of a stream's frame number `frame`.
    [[nodiscard]] constexpr auto mixing(std::uint64_t stream, std::uint64_t step,
                                        std::uint64_t frame) const -> std::uint64_t {
        return is_hot(stream, steps ? step : frame / frames_a_moment) ? hot_mixing : light_mixing;
    }
    [[nodiscard]] constexpr auto frame_bytes_of(std::uint64_t stream) const -> std::uint64_t {
        return is_control(stream) ? 64 : frame_bytes;
    }
    [[nodiscard]] constexpr auto window_of(std::uint64_t stream) const -> std::uint64_t {
        return is_control(stream) ? 1 : window;
    }
    [[nodiscard]] constexpr auto is_control(std::uint64_t stream) const -> bool {
        return control && stream == 0;
    }
};

}  // namespace bench
