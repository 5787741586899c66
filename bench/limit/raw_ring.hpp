#pragma once

#include <liburing.h>

#include <cstdint>
#include <system_error>

#include "bench/common/pause.hpp"

namespace bench::limit {

/// A ring with cooperative task-running: completions wait for the owner instead of interrupting
/// it, and a flag in shared memory tells when an enter would post some.
/// Thread: the one that constructed it.
class raw_ring {
public:
    explicit raw_ring(unsigned entries = 64) {
        io_uring_params p{};
        p.flags =
            IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SINGLE_ISSUER;
        if (const int e = io_uring_queue_init_params(entries, &ring_, &p); e != 0)
            throw std::system_error(-e, std::generic_category(), "io_uring_queue_init");
        io_uring_register_ring_fd(&ring_);
    }
    raw_ring(const raw_ring&) = delete;
    auto operator=(const raw_ring&) -> raw_ring& = delete;
    ~raw_ring() { io_uring_queue_exit(&ring_); }

    auto sqe() -> io_uring_sqe* { return io_uring_get_sqe(&ring_); }
    void submit() { io_uring_submit(&ring_); }

    /// Spins until a completion is there; enters the kernel only when the flag asks for it.
    void poll_one() {
        while (io_uring_cq_ready(&ring_) == 0) {
            if ((__atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED) & IORING_SQ_TASKRUN) != 0)
                io_uring_get_events(&ring_);
            else
                pause();
        }
    }
    auto ready() -> unsigned { return io_uring_cq_ready(&ring_); }
    void enter_for_one() { io_uring_submit_and_wait(&ring_, 1); }

    struct completion {
        std::uint64_t data;
        int result;
    };
    auto take() -> completion {
        io_uring_cqe* cqe = nullptr;
        io_uring_peek_cqe(&ring_, &cqe);
        const completion taken{cqe->user_data, cqe->res};
        io_uring_cqe_seen(&ring_, cqe);
        return taken;
    }
    auto take_result() -> int { return take().result; }

private:
    io_uring ring_{};
};

}  // namespace bench::limit
