#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <vector>

#include "bench/common/mixing.hpp"

namespace bench {

/// What udp workloads send: lots of datagrams, each lot acknowledged by one that goes back, few of
/// them unacknowledged, so that they fit into the receive buffer and none is dropped.
struct datagram_lots {
    static constexpr std::size_t datagram_bytes = 256;
    static constexpr std::size_t in_a_lot = 64;
    static constexpr std::size_t lot_bytes = datagram_bytes * in_a_lot;
    static constexpr std::size_t window = 2;  // lots
    /// What each socket asks for; the kernel grants 416 KiB where it is left as it is.
    static constexpr int receive_buffer_bytes = 1 << 20;

    /// Answers to a lot: how many datagrams there were, and what they add up to.
    struct acknowledgement {
        std::uint64_t datagrams;
        std::uint64_t sum;
    };
};

/// One iteration's lots as they go out. A lot is made of what the acknowledgement in its window's
/// place said, so none can be skipped or guessed.
/// Thread: the sender's.
class lot_sender : public datagram_lots {
public:
    /// \pre `datagrams` is a multiple of a lot's
    void restart(std::uint64_t datagrams) {
        lots_ = datagrams / in_a_lot;
        sent_ = acknowledged_ = 0;
        for (std::uint64_t slot = 0; slot < window; ++slot)
            seeds_[slot] = mix(1, slot);
    }
    [[nodiscard]] auto may_send() const -> bool {
        return sent_ != lots_ && sent_ != acknowledged_ + window;
    }
    [[nodiscard]] auto done() const -> bool { return acknowledged_ == lots_; }
    [[nodiscard]] auto sum() const -> std::uint64_t { return ack_.sum; }

    /// The next lot, counted as sent. The bytes stay until the next call.
    auto next() -> std::span<const std::byte> {
        const std::uint64_t seed = seeds_[sent_ % window];
        std::uint64_t number = sent_++ * in_a_lot;
        for (std::byte* at = lot_.data(); at != lot_.data() + lot_.size(); at += datagram_bytes) {
            const std::uint64_t first = mix(seed, number);
            const std::uint64_t last = ~first ^ number++;
            std::memcpy(at, &first, sizeof first);
            std::memcpy(at + datagram_bytes - sizeof last, &last, sizeof last);
        }
        return lot_;
    }
    /// Where the next acknowledgement is received.
    auto ack_room() -> std::span<std::byte> { return std::as_writable_bytes(std::span(&ack_, 1)); }
    /// It was.
    void acknowledged() {
        seeds_[acknowledged_++ % window] = ack_.sum;
        if (ack_.datagrams != acknowledged_ * in_a_lot)
            throw std::runtime_error("an acknowledgement was lost");
    }

private:
    std::uint64_t lots_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t acknowledged_ = 0;
    std::array<std::uint64_t, window> seeds_{};
    acknowledgement ack_{};
    std::vector<std::byte> lot_ = std::vector<std::byte>(lot_bytes);
};

/// One iteration's datagrams as they come in.
/// Thread: the receiver's.
class lot_receiver : public datagram_lots {
public:
    void restart() { ack_ = {}; }
    /// Looks at the next datagram. \return whether it was a lot's last: ack() is to be sent. Throws
    /// when one before it was lost.
    [[nodiscard]] auto received(std::span<const std::byte> datagram) -> bool {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        if (datagram.size() == datagram_bytes) {
            std::memcpy(&first, datagram.data(), sizeof first);
            std::memcpy(&last, datagram.data() + datagram_bytes - sizeof last, sizeof last);
        }
        if ((~first ^ last) != ack_.datagrams)
            throw std::runtime_error("a datagram was lost");
        ack_.sum = mix(ack_.sum ^ first ^ last, ack_.datagrams++);
        return ack_.datagrams % in_a_lot == 0;
    }
    [[nodiscard]] auto ack() const -> std::span<const std::byte> {
        return std::as_bytes(std::span(&ack_, 1));
    }
    [[nodiscard]] auto count() const -> std::uint64_t { return ack_.datagrams; }

private:
    acknowledgement ack_{};
};

}  // namespace bench
