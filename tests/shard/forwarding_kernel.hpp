#pragma once

#include "spargio/ring/kernel.hpp"

namespace spargio::shard_test {

/// Passes everything on to another kernel: what a test wants to see or change it overrides.
class forwarding_kernel : public kernel {
public:
    explicit forwarding_kernel(kernel& behind) : behind_(behind) {}

    int create(unsigned entries, ::io_uring_params& params, ::io_uring& ring) noexcept override {
        return behind_.create(entries, params, ring);
    }
    void destroy(::io_uring& ring) noexcept override { behind_.destroy(ring); }
    void left(::io_uring& ring) noexcept override { behind_.left(ring); }
    int enter(::io_uring& ring, unsigned submit, unsigned wait, unsigned flags,
              std::uint64_t timeout_ns) noexcept override {
        return behind_.enter(ring, submit, wait, flags, timeout_ns);
    }
    int control(int descriptor, unsigned operation, void* argument,
                unsigned count) noexcept override {
        return behind_.control(descriptor, operation, argument, count);
    }
    int attempt(const ::io_uring_sqe& request) noexcept override {
        return behind_.attempt(request);
    }
    int open_bell() noexcept override { return behind_.open_bell(); }
    void strike_bell(int bell) noexcept override { behind_.strike_bell(bell); }
    void close_bell(int bell) noexcept override { behind_.close_bell(bell); }
    int prepare_nudges() noexcept override { return behind_.prepare_nudges(); }
    int nudge() noexcept override { return behind_.nudge(); }
    std::uint64_t times_displaced() noexcept override { return behind_.times_displaced(); }
    int open_cpu_times() noexcept override { return behind_.open_cpu_times(); }
    cpu_times read_cpu_times(int source) noexcept override {
        return behind_.read_cpu_times(source);
    }
    void close_cpu_times(int source) noexcept override { behind_.close_cpu_times(source); }
    int open_pair(int (&ends)[2]) noexcept override { return behind_.open_pair(ends); }
    std::uint64_t now_ns() noexcept override { return behind_.now_ns(); }

protected:
    ~forwarding_kernel() = default;

private:
    kernel& behind_;
};

}  // namespace spargio::shard_test
