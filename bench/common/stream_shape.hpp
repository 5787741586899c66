#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bench {

/// Which of the streams is the hot one.
enum class hot_stream : std::uint8_t {
    first,     ///< always the first
    rotating,  ///< the next one at every moment
};

/// What the client-side stream workloads differ in: frames go out on `streams` connections to the
/// echo peer, at most `window` of them unanswered on each, and every echo has a stage of mixing.
///
/// A moment is a step where there are steps, and else 64 frames of a stream.
struct stream_shape {
    std::string_view workload;
    unsigned workers;
    std::uint64_t streams;
    std::uint64_t frame_bytes;
    std::uint64_t window;
    hot_stream hot;
    /// Steps: each sends so many frames on the hot stream and the others, and ends when all of them
    /// are back; `items` counts the steps. Else there is one, `items` counts the hot stream's
    /// frames, and these two are their proportion.
    bool steps;
    std::uint64_t hot_frames;
    std::uint64_t light_frames;
    std::uint64_t hot_mixing;  ///< mixing steps after an echo
    std::uint64_t light_mixing;
    bool counts;  ///< whether an echo makes 16 keyed counts

    static constexpr std::uint64_t frames_a_moment = 64;

    [[nodiscard]] constexpr auto is_hot(std::uint64_t stream, std::uint64_t moment) const -> bool {
        return stream == (hot == hot_stream::first ? 0 : moment % streams);
    }
    [[nodiscard]] constexpr auto steps_in(std::uint64_t items) const -> std::uint64_t {
        return steps ? items : 1;
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
};

inline constexpr std::uint64_t kib = 1024;

/// The same table as in tokio/src/stream_shape.rs.
inline constexpr std::array<stream_shape, 5> stream_shapes{{
    {.workload = "net_stream_throughput_4k_window32",
     .workers = 1,
     .streams = 1,
     .frame_bytes = 4 * kib,
     .window = 32,
     .hot = hot_stream::first,
     .steps = false,
     .hot_frames = 1,
     .light_frames = 1,
     .hot_mixing = 0,
     .light_mixing = 0,
     .counts = false},
    {"net_stream_imbalanced_4k_hot1_light7", 1, 8, 4 * kib, 32, hot_stream::first, false, 16, 1, 0,
     0, false},
    {"net_stream_hotspot_rotation_4k", 2, 8, 4 * kib, 32, hot_stream::rotating, true, 32, 2, 0, 0,
     false},
    {"net_pipeline_hotspot_rotation_4k_window32", 2, 8, 4 * kib, 32, hot_stream::rotating, false, 1,
     1, 4'000, 150, false},
    {"net_keyed_hotspot_rotation_4k", 2, 8, 4 * kib, 32, hot_stream::rotating, true, 32, 2, 0, 0,
     true},
}};

}  // namespace bench
