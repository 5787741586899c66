#pragma once

#include <liburing.h>

#include <atomic>
#include <thread>

#include "forwarding_kernel.hpp"
#include "spargio/ring/detail/newer_abi.hpp"

namespace spargio::shard_test {

/// Passes everything on to another kernel and says what it saw: which bells were struck, who looked
/// at the clock, that the owner of a ring has gone to sleep, and how it was asked to receive.
class watched_kernel final : public forwarding_kernel {
public:
    using forwarding_kernel::forwarding_kernel;

    std::atomic<int> strikes = 0;         ///< of an eventfd
    std::atomic<int> messages = 0;        ///< by a thread without a ring, successful
    std::atomic<int> message_errors = 0;  ///< the same, failed
    std::atomic<int> clock_looks = 0;
    std::atomic<int> gap_at_look = 0;            ///< a millisecond passes before that look
    std::atomic<std::uint64_t> displaced = 0;    ///< what the owner is told of itself
    std::atomic<int> waits = 0;                  ///< entries that may sleep
    std::atomic<int> receives = 0;               ///< requests to receive
    std::atomic<int> receives_waiting = 0;       ///< those of them that wait before they try
    std::atomic<int> spoil_messages = 0;         ///< so many MSG_RING requests go astray
    std::atomic<int> refuse_outsiders = 0;       ///< so many messages without a ring fail
    std::atomic<int> refuse_outsiders_with = 0;  ///< with this errno

    /// Returns when a ring's owner has begun its `times`-th wait: a bell from here on reaches it.
    void await_waits(int times) const {
        while (waits.load() < times)
            std::this_thread::yield();
    }

    int enter(::io_uring& ring, unsigned submit, unsigned wait, unsigned flags,
              std::uint64_t timeout_ns) noexcept override {
        look_at(ring, submit);
        if (wait > 0)
            ++waits;
        return forwarding_kernel::enter(ring, submit, wait, flags, timeout_ns);
    }
    int control(int descriptor, unsigned operation, void* argument,
                unsigned count) noexcept override {
        if (operation != detail::abi::register_send_msg_ring)
            return forwarding_kernel::control(descriptor, operation, argument, count);
        if (static_cast<const ::io_uring_sqe*>(argument)->fd < 0)
            return forwarding_kernel::control(descriptor, operation, argument, count);  // only asks
        if (refuse_outsiders.load() > 0) {
            --refuse_outsiders;
            ++message_errors;
            return -refuse_outsiders_with;
        }
        const int outcome = forwarding_kernel::control(descriptor, operation, argument, count);
        ++(outcome < 0 ? message_errors : messages);
        return outcome;
    }
    void strike_bell(int bell) noexcept override {
        ++strikes;
        forwarding_kernel::strike_bell(bell);
    }
    std::uint64_t times_displaced() noexcept override { return displaced.load(); }
    std::uint64_t now_ns() noexcept override {
        if (++clock_looks == gap_at_look.load())
            gap_ns_ = 1'000'000;
        return forwarding_kernel::now_ns() + gap_ns_;
    }

private:
    void look_at(::io_uring& ring, unsigned submit) noexcept {
        for (unsigned at = *ring.sq.khead; submit > 0; ++at, --submit) {
            ::io_uring_sqe& request = ring.sq.sqes[at & *ring.sq.kring_mask];
            if (request.opcode == IORING_OP_RECV || request.opcode == IORING_OP_RECVMSG) {
                ++receives;
                receives_waiting += (request.ioprio & IORING_RECVSEND_POLL_FIRST) != 0;
            }
            if (request.opcode != IORING_OP_MSG_RING || spoil_messages.load() == 0)
                continue;
            --spoil_messages;
            request.fd = -1;
        }
    }

    std::atomic<std::uint64_t> gap_ns_ = 0;
};

}  // namespace spargio::shard_test
