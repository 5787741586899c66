#pragma once

#include <atomic>
#include <cstdint>

#include "bench/common/mixing.hpp"
#include "bench/common/pause.hpp"

namespace bench::limit {

/// One direction of a ping-pong in shared memory. The store of the sequence number is the ticket:
/// once it has retired the message is where the receiver looks.
struct alignas(64) shared_slot {
    std::atomic<std::uint64_t> sequence{0};
    std::uint32_t tag = 0;
    std::uint64_t value = 0;

    void put(std::uint64_t n, std::uint32_t new_tag, std::uint64_t new_value) {
        tag = new_tag;
        value = new_value;
        sequence.store(n, std::memory_order_release);
    }
    void await(std::uint64_t n) const {
        while (sequence.load(std::memory_order_acquire) != n)
            pause();
    }
};

/// A pair of slots; sequence 1 is a hand-shake that says both ends are awake.
struct shared_slots {
    shared_slot there;
    shared_slot back;

    void answer_all(std::uint64_t items) {
        for (std::uint64_t i = 1; i <= items; ++i) {
            there.await(i);
            back.put(i, there.tag, ping_chain::answer(there.tag, there.value));
        }
    }
    auto round_trip(std::uint64_t i, ping_chain& chain) {
        const auto tag = static_cast<std::uint32_t>(i);
        there.put(i, tag, chain.value);
        back.await(i);
        chain.acknowledged(back.tag, back.value);
    }
    void reset() {
        there.sequence = 0;
        back.sequence = 0;
    }
};

}  // namespace bench::limit
