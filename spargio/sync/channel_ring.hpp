#pragma once

#include <bit>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "spargio/core/pause.hpp"
#include "spargio/sync/channel_core.hpp"

namespace spargio::detail {

enum class passage : std::uint8_t {
    done,
    must_wait,  // it is full, or empty, or others stand in line
    closed,
};

/// As many slots as it takes for `at_least`: a power of two. \throws std::bad_alloc when there is
/// none
[[nodiscard]] inline std::uint64_t slots_for(std::uint64_t at_least) {
    constexpr std::uint64_t most = std::uint64_t{1} << 63;
    if (at_least > most)
        throw std::bad_alloc();
    return std::bit_ceil(at_least);
}

/// The items of a bounded channel, in a ring of slots that each say whose turn they are. Slot `p %
/// capacity` takes the item of position p in its turn 2 * (p / capacity), and gives it out in the
/// turn after that. Thread: any at both ends. Limit: `capacity` items, rounded up to a power of
/// two. An end that meets a slot whose claimant is in the middle of it waits for that thread, as
/// for the holder of a lock: a few instructions.
template <class T>
class channel_ring : public channel_core {
    static_assert(std::is_nothrow_move_constructible_v<T>,
                  "a claimed slot is filled: what moves through a channel must "
                  "not throw on its way");

public:
    explicit channel_ring(std::uint64_t at_least)
        : channel_core(slots_for(at_least)),
          mask_(capacity() - 1),
          shift_(static_cast<unsigned>(std::countr_zero(capacity()))),
          slots_(std::make_unique<slot[]>(capacity())) {}
    ~channel_ring() { drop_items(); }

    /// Moves `item` in. \param promised the sender was called
    passage push(T& item, bool promised) noexcept {
        const auto fill = [&](slot& into) noexcept { ::new (into.item()) T(std::move(item)); };
        return pass(senders_, 0, promised, fill);
    }
    /// Moves the oldest item out. \param promised the receiver was called
    passage pop(std::optional<T>& item, bool promised) noexcept {
        const auto empty = [&](slot& from) noexcept {
            T* const held = std::launder(static_cast<T*>(from.item()));
            item.emplace(std::move(*held));
            held->~T();
        };
        return pass(receivers_, 1, promised, empty);
    }
    /// Everything that is in it. \pre closed, or nobody sends any more
    void drop_items() noexcept {
        for (std::optional<T> dropped; pop(dropped, false) == passage::done;)
            dropped.reset();
    }

private:
    struct slot {
        [[nodiscard]] void* item() noexcept { return &storage; }

        std::atomic<std::uint64_t> turn = 0;
        alignas(T) std::byte storage[sizeof(T)];
    };

    /// Claims the next position at `here` and does its `work` when it is the slot's turn.
    template <class Work>
    [[gnu::always_inline]] passage pass(end& here, std::uint64_t turn, bool promised,
                                        Work work) noexcept {
        constexpr std::uint64_t others = somebody_stands | most_called * one_called;
        constexpr auto relaxed = std::memory_order_relaxed;
        // Who was called takes his place and his promise in one step.
        const std::uint64_t step = promised ? one - one_called : one;
        std::uint64_t seen = word(here).load(relaxed);
        for (backoff between_looks;;) {
            if ((seen & (others | is_closed)) != 0) [[unlikely]] {
                if ((seen & is_closed) != 0)
                    return passage::closed;
                // What there is can only grow until the word changes.
                if (!promised &&
                    ((seen & somebody_stands) != 0 || for_end(here, seen) <= called_of(seen)))
                    return passage::must_wait;
            }
            const std::uint64_t position = seen / one;
            slot& at = slots_[position & mask_];
            const std::uint64_t due = 2 * (position >> shift_) + turn;
            const std::uint64_t now = at.turn.load(std::memory_order_acquire);
            if (now == due) [[likely]] {
                if (!word(here).compare_exchange_weak(seen, seen + step, std::memory_order_acq_rel,
                                                      relaxed)) {
                    if (seen / one != position)
                        seen = stand_back(here, position);
                    continue;
                }
                work(at);
                at.turn.store(due + 1, std::memory_order_release);
                if ((seen & other_waits) != 0) [[unlikely]]
                    opposite(here).serve();
                // Of those who stand, only so many can have been called.
                if (promised && (seen & somebody_stands) != 0)
                    here.serve();
                return passage::done;
            }
            if (now < due) {
                const passage why = blocked(here, position);
                if (why != passage::done)
                    return why;
                between_looks.wait();
            }
            seen = word(here).load(relaxed);
        }
    }

    /// Why the slot of `position` is not ready. Done: it will be, somebody is just at it.
    [[gnu::noinline]] passage blocked(const end& here, std::uint64_t position) const noexcept {
        if (&here == &senders_) {
            const std::uint64_t received = word(receivers_).load(std::memory_order_acquire) / one;
            return position - received >= capacity() ? passage::must_wait : passage::done;
        }
        const std::uint64_t sent = word(senders_).load(std::memory_order_acquire);
        if (sent / one > position)
            return passage::done;
        return (sent & is_closed) != 0 ? passage::closed : passage::must_wait;
    }
    [[nodiscard]] end& opposite(end& here) noexcept {
        return &here == &senders_ ? receivers_ : senders_;
    }

    const std::uint64_t mask_;
    const unsigned shift_;
    const std::unique_ptr<slot[]> slots_;
};

}  // namespace spargio::detail
