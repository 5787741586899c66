#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "spargio/ring/message_port.hpp"
#include "spargio/shard/message.hpp"
#include "spargio/shard/outbox.hpp"

namespace spargio {
class shard;
}

namespace spargio::detail {

/// Messages of a shard that travel through completion queues: a MSG_RING each, which is the message
/// and the bell in one. Room is set aside at both ends beforehand: in the lane of what arrives, so
/// that the target can keep it; and in the ordinary lane, for what the kernel refuses to post.
/// Thread: the shard's own under its claim; arrived() and settled() the holder of the claim.
/// Limit: `most_under_way` messages, values below 2^53; what is beyond takes the mailbox.
class direct_mail final : public message_port {
public:
    static constexpr std::size_t most_under_way = 64;
    static constexpr std::uint64_t values_end = std::uint64_t{1} << 53;

    explicit direct_mail(shard& home) noexcept;
    direct_mail(const direct_mail&) = delete;
    direct_mail& operator=(const direct_mail&) = delete;

    /// Hands `sent` to the ring, if that is possible now, or leaves it to the mailbox.
    [[nodiscard]] bool send(shard& target, lane_kind kind, const raw_message& sent) noexcept;
    /// Something became known about messages under way: settle() looks at it.
    [[nodiscard]] bool any_settled() const noexcept { return any_settled_; }
    /// Gives back the room of what arrived, and puts what was refused into the mailbox.
    void settle() noexcept;

private:
    enum class state : std::uint8_t { free, under_way, arrived, refused };
    struct record {
        state is = state::free;
        lane_kind kind = lane_kind::ordinary;
        unsigned target = 0;
        raw_message content;
        std::uint8_t next_free = 0;
    };

    void arrived(std::uint64_t payload, std::uint32_t word) noexcept override;
    void settled(unsigned number, bool refused) noexcept override;

    shard& home_;
    std::array<record, most_under_way> records_;
    std::size_t free_ = 0;  // the first of the free ones
    bool any_settled_ = false;
};

}  // namespace spargio::detail
