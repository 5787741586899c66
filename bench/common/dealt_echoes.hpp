#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/common/frame_stream.hpp"

namespace bench {

inline constexpr unsigned deal_workers = 2;

/// The echoes of one read, dealt to two workers in turn; those that one gets travel together, and
/// so do its answers.
/// Thread: the reader's; in between a worker's share is that worker's alone.
class dealt_echoes {
public:
    /// `echoes` are the last of `frames`.
    void deal(const frame_stream& frames, std::span<const std::uint64_t> echoes) {
        for (share& each : shares_)
            each.values.clear();
        std::uint64_t frame = first_ = frames.echoed() - echoes.size();
        for (const std::uint64_t echo : echoes)
            shares_[frame++ % deal_workers].values.push_back(echo);
    }
    /// What a worker does with its share.
    void work_off(unsigned worker, std::uint64_t mixing) {
        for (std::uint64_t& value : shares_[worker].values)
            value = stream_stage(value, mixing);
    }
    /// All workers have: tells `frames` the answers, in `room`, which has one place an echo.
    void collect(frame_stream& frames, std::span<std::uint64_t> room) const {
        for (std::size_t i = 0; i < room.size(); ++i) {
            const std::uint64_t frame = first_ + i;
            const auto& from = shares_[frame % deal_workers].values;
            room[i] = from[(frame - first_) / deal_workers];
        }
        frames.answered(room);
    }

private:
    struct alignas(64) share {
        std::vector<std::uint64_t> values;
    };
    std::array<share, deal_workers> shares_;
    std::uint64_t first_ = 0;
};

}  // namespace bench
