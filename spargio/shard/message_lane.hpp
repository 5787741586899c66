#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

#include "spargio/core/assert.hpp"
#include "spargio/shard/message.hpp"
#include "spargio/shard/zeroed_slots.hpp"

namespace spargio::detail {

/// The messages of one shard to another, in the order they were sent.
/// Thread: the source pushes; the holder of the target's service claim pops.
/// Limit: `capacity` messages (a power of two); past it push() takes no more and says so.
///
/// A slot is stamped with its position, last, and the reader polls that stamp, so that nothing but
/// the slot's cache line travels, and four messages share one. There is no locked instruction: who
/// pushed to a shard that may sleep asks for it once, after the last of several
/// (shard::ring_bells).
class message_lane {
public:
    /// Null: no memory.
    [[nodiscard]] static message_lane* make(unsigned source, unsigned capacity) noexcept {
        std::unique_ptr<message_lane> made(new (std::nothrow) message_lane(source, capacity));
        return made != nullptr && made->slots_.valid() ? made.release() : nullptr;
    }
    message_lane(const message_lane&) = delete;
    message_lane& operator=(const message_lane&) = delete;

    // --- the source ------------------------------------------------------------------------------

    /// \return how many were queued, from the front.
    std::size_t push(std::span<const raw_message> sent) noexcept {
        const std::size_t count = std::min<std::size_t>(room_for(sent.size()), sent.size());
        write(sent.first(count));
        return count;
    }
    /// The same for one. False: there was no room.
    [[nodiscard]] bool push(const raw_message& sent) noexcept {
        if (room_for(1) == 0) [[unlikely]]
            return false;
        write(std::span(&sent, 1));
        return true;
    }
    /// Sets room for one message aside. False: there is none.
    [[nodiscard]] bool reserve() noexcept {
        if (room_for(1) == 0)
            return false;
        ++reserved_;
        return true;
    }
    void release() noexcept {
        SPARGIO_ASSERT(reserved_ != 0);
        --reserved_;
    }
    /// Into room that was set aside.
    void push_reserved(const raw_message& sent) noexcept {
        release();
        write(std::span(&sent, 1));
    }

    // --- the reader ------------------------------------------------------------------------------

    /// \return how many were written to `room`, from the front.
    std::size_t pop(std::span<message> room) noexcept {
        std::uint64_t position = head_.load(std::memory_order_relaxed);
        const slot* const slots = slots_.data();
        const std::uint64_t mask = mask_;
        const unsigned source = source_;
        std::size_t count = 0;
        while (count != room.size()) {
            const slot& oldest = slots[position & mask];
            const std::uint64_t seen = oldest.stamp_and_tag.load(std::memory_order_acquire);
            if (!filled(seen, position))
                break;
            room[count++] = {source, static_cast<std::uint32_t>(seen), oldest.value};
            ++position;
        }
        if (count != 0)
            head_.store(position, std::memory_order_release);
        return count;
    }
    /// Sequentially consistent, as sleep_gate asks of a sleeper's look.
    [[nodiscard]] bool empty() const noexcept {
        const std::uint64_t position = head_.load(std::memory_order_relaxed);
        return !filled(slots_[position & mask_].stamp_and_tag.load(std::memory_order_seq_cst),
                       position);
    }
    [[nodiscard]] unsigned source() const noexcept { return source_; }

    /// Messages ever taken. Thread: any.
    [[nodiscard]] std::uint64_t taken() const noexcept {
        return head_.load(std::memory_order_acquire);
    }

    /// How many there are, an estimate. Thread: any.
    [[nodiscard]] std::uint64_t waiting() const noexcept {
        const std::uint64_t oldest = taken();
        const auto is_there = [&](std::uint64_t position) {
            const slot& seen = slots_[position & mask_];
            return filled(seen.stamp_and_tag.load(std::memory_order_relaxed), position);
        };
        // They lie next to each other, from the oldest on; the source keeps to itself how many.
        std::uint64_t first = oldest;
        for (std::uint64_t end = oldest + mask_ + 1; first != end;) {
            const std::uint64_t middle = first + (end - first) / 2;
            if (is_there(middle)) {
                first = middle + 1;
            } else {
                end = middle;
            }
        }
        return first - oldest;
    }

    message_lane* next = nullptr;  // of the target's lanes
    bool direct = false;           // filled from the target's completion queue

private:
    struct alignas(16) slot {
        std::atomic<std::uint64_t> stamp_and_tag;  // position + 1 of what it holds; 0 at first
        std::uint64_t value;
    };

    message_lane(unsigned source, unsigned capacity) noexcept
        : source_(source), mask_(capacity - 1), slots_(capacity) {
        SPARGIO_ASSERT(std::has_single_bit(capacity));
    }
    /// At least `wanted` if there is so much.
    [[nodiscard]] std::uint64_t room_for(std::size_t wanted) noexcept {
        std::uint64_t room = mask_ + 1 - (tail_ - head_seen_) - reserved_;
        if (room < wanted) [[unlikely]] {
            head_seen_ = head_.load(std::memory_order_acquire);
            room = mask_ + 1 - (tail_ - head_seen_) - reserved_;
        }
        return room;
    }
    void write(std::span<const raw_message> sent) noexcept {
        slot* const slots = slots_.data();
        const std::uint64_t mask = mask_;
        std::uint64_t position = tail_;
        for (const raw_message& each : sent) {
            slot& free = slots[position & mask];
            ++position;
            free.value = each.value;
            free.stamp_and_tag.store(position << 32 | each.tag, std::memory_order_release);
        }
        tail_ = position;
    }
    /// Half of the stamp is enough: a slot's last content is `capacity` positions older.
    [[nodiscard]] static bool filled(std::uint64_t seen, std::uint64_t position) noexcept {
        return static_cast<std::uint32_t>(seen >> 32) == static_cast<std::uint32_t>(position + 1);
    }

    const unsigned source_;
    const std::uint64_t mask_;
    const zeroed_slots<slot> slots_;
    alignas(64) std::uint64_t tail_ = 0;  // the source's
    std::uint64_t head_seen_ = 0;
    std::uint64_t reserved_ = 0;
    alignas(64) std::atomic<std::uint64_t> head_ = 0;  // the reader's
};

}  // namespace spargio::detail
