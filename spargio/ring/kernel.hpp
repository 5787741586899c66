#pragma once

#include <cstdint>

#include "spargio/ring/cpu_times.hpp"

struct io_uring;
struct io_uring_params;
struct io_uring_sqe;

namespace spargio {

/// The seam: every entry into the kernel on behalf of a ring goes through here, so that a test can
/// put a simulated kernel in its place. Results are those of the system call, errors negative.
/// Thread: as stated per call; an implementation serves all rings of a runtime at once.
class kernel {
public:
    static constexpr std::uint64_t no_timeout = ~std::uint64_t{0};

    /// Sets `ring` up and maps its queues (io_uring_setup(2)). Thread: the ring's owner.
    virtual int create(unsigned entries, ::io_uring_params& params, ::io_uring& ring) noexcept = 0;
    /// Unmaps and closes. Thread: the ring's owner, or any once the owner's thread has ended.
    virtual void destroy(::io_uring& ring) noexcept = 0;
    /// The owner does nothing more with `ring`; others may still reach it.
    /// Thread: the ring's owner.
    virtual void left(::io_uring& ring) noexcept;
    /// Submits up to `submit` requests and waits for `wait` completions, at most `timeout_ns`
    /// (io_uring_enter(2)). Thread: the ring's owner.
    virtual int enter(::io_uring& ring, unsigned submit, unsigned wait, unsigned flags,
                      std::uint64_t timeout_ns) noexcept = 0;
    /// io_uring_register(2); `descriptor` may be -1. Thread: any the operation allows.
    virtual int control(int descriptor, unsigned operation, void* argument,
                        unsigned count) noexcept = 0;
    /// Does what `request` asks right now, without its ring and without waiting. -EAGAIN: it would
    /// wait; -EOPNOTSUPP: not possible this way. Thread: any.
    virtual int attempt(const ::io_uring_sqe& request) noexcept = 0;
    /// An eventfd(2), for doorbells where rings cannot message each other. Thread: any.
    virtual int open_bell() noexcept = 0;
    virtual void strike_bell(int bell) noexcept = 0;
    virtual void close_bell(int bell) noexcept = 0;
    /// Makes the process fit for nudge(); in one that has threads already it may take milliseconds,
    /// the first time. 0, or -ENOSYS. Thread: any.
    virtual int prepare_nudges() noexcept;
    /// Interrupts every CPU that runs this process, so that what the kernel holds back until a
    /// thread enters it is done now. -ENOSYS where that cannot be had. Thread: any.
    virtual int nudge() noexcept;
    /// How often the calling thread had its CPU taken away for another thread, while it wanted it;
    /// 0 where nobody counts. What a hypervisor takes is not in it. Thread: any.
    virtual std::uint64_t times_displaced() noexcept;
    /// Where read_cpu_times() finds those of the calling thread (proc_pid_schedstat(5)), until
    /// close_cpu_times(); negative where nobody counts them. Thread: the one they are about.
    virtual int open_cpu_times() noexcept;
    virtual cpu_times read_cpu_times(int source) noexcept;
    virtual void close_cpu_times(int source) noexcept;
    /// Two connected stream sockets to try things on, which a ring can act on and close. 0, or an
    /// error. Thread: any.
    virtual int open_pair(int (&ends)[2]) noexcept;
    /// CLOCK_MONOTONIC in nanoseconds. Thread: any.
    virtual std::uint64_t now_ns() noexcept = 0;

protected:
    ~kernel() = default;
};

/// The real one.
[[nodiscard]] kernel& system_kernel() noexcept;

}  // namespace spargio
