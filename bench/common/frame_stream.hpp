#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "bench/common/mixing.hpp"
#include "bench/common/stream_shape.hpp"

namespace bench {

/// The stage after an echo. Never inlined, so that no compiler overlaps two of them.
[[gnu::noinline]] inline auto stream_stage(std::uint64_t x, std::uint64_t steps) -> std::uint64_t {
    for (std::uint64_t i = 0; i < steps; ++i)
        x = mix(x, i);
    return x;
}

/// One connection's frames: what may be sent now, and what the echoes say. The next frame in a
/// window's place depends on the echo of the one before, so none can be skipped or guessed.
/// All that may be sent goes into one write; reads are of 64 KiB.
/// Thread: one at a time, handed over by what the variant joins with.
class alignas(64) frame_stream {
public:
    static constexpr std::size_t read_bytes = 64 * 1024;

    frame_stream(const stream_shape& shape, std::uint64_t number)
        : shape_(&shape),
          number_(number),
          frame_bytes_(shape.frame_bytes_of(number)),
          window_(shape.window_of(number)),
          values_(window_),
          request_(window_ * frame_bytes_),
          reply_(read_bytes) {}

    /// Starts an iteration.
    void restart() {
        sent_ = echoed_ = end_ = sum_ = answers_ = 0;
        for (std::uint64_t slot = 0; slot < values_.size(); ++slot)
            values_[slot] = mix(number_ + 1, slot);
    }
    /// Starts a step of so many frames.
    void begin(std::uint64_t step, std::uint64_t frames) {
        step_ = step;
        end_ += frames;
    }
    /// Makes the next frame depend on `earlier` too, which another stream answered.
    void depend_on(std::uint64_t earlier) { values_[sent_ % window_] ^= earlier; }
    [[nodiscard]] auto done() const -> bool { return echoed_ == end_; }
    [[nodiscard]] auto sum() const -> std::uint64_t { return sum_ ^ answers_; }
    [[nodiscard]] auto echoed() const -> std::uint64_t { return echoed_; }

    /// All frames that may be sent now, counted as sent; maybe none. The bytes stay until the next
    /// call.
    auto sendable() -> std::span<const std::byte> {
        const std::uint64_t count = std::min(end_, echoed_ + window_) - sent_;
        std::byte* at = request_.data();
        for (const std::uint64_t end = sent_ + count; sent_ != end; ++sent_) {
            const std::uint64_t value = values_[sent_ % window_];
            put(at, value);
            at += frame_bytes_;
            put(at - word, ~value ^ sent_);
        }
        return {request_.data(), at};
    }
    /// The same for who sends in pieces: what is not sent() of those that were, else the next.
    auto unsent() -> std::span<const std::byte> {
        if (unsent_.empty())
            unsent_ = sendable();
        return unsent_;
    }
    void sent(std::size_t bytes) { unsent_ = unsent_.subspan(bytes); }
    /// Where the next bytes are read to.
    auto room() -> std::span<std::byte> { return std::span(reply_).subspan(have_); }
    /// Folds in what came, and calls `each` with what the stage made of each echo.
    template <class Each>
    void received(std::size_t bytes, Each each) {
        have_ += bytes;
        const std::byte* at = reply_.data();
        for (; have_ >= frame_bytes_; have_ -= frame_bytes_) {
            const std::uint64_t first = get(at);
            at += frame_bytes_;
            const std::uint64_t result =
                stream_stage(first, shape_->mixing(number_, step_, echoed_));
            sum_ = mix(sum_ ^ result ^ get(at - word), echoed_);
            values_[echoed_ % window_] = mix(result, echoed_);
            ++echoed_;
            each(result);
        }
        std::memmove(reply_.data(), at, have_);
    }
    /// Makes the frames that come in the places of the last echoes depend on `answers` too, one an
    /// echo.
    void answered(std::span<const std::uint64_t> answers) {
        std::uint64_t frame = echoed_ - answers.size();
        for (const std::uint64_t answer : answers) {
            values_[frame % window_] ^= answer;
            answers_ = mix(answers_ ^ answer, frame++);
        }
    }

private:
    static constexpr std::size_t word = sizeof(std::uint64_t);
    static void put(std::byte* to, std::uint64_t value) { std::memcpy(to, &value, word); }
    static auto get(const std::byte* from) -> std::uint64_t {
        std::uint64_t value = 0;
        std::memcpy(&value, from, word);
        return value;
    }

    const stream_shape* shape_;
    std::uint64_t number_;
    std::uint64_t frame_bytes_;
    std::uint64_t window_;
    std::uint64_t step_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t echoed_ = 0;
    std::uint64_t end_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t answers_ = 0;
    std::size_t have_ = 0;
    std::span<const std::byte> unsent_;
    std::vector<std::uint64_t> values_;
    std::vector<std::byte> request_;
    std::vector<std::byte> reply_;
};

}  // namespace bench
