#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "spargio/ring/kernel.hpp"
#include "spargio/testing/simulated_options.hpp"

struct sockaddr;

namespace spargio::testing {

namespace detail {
class simulation;
}

/// io_uring, sockets and files wholly in memory, under a clock that jumps: for tests that must not
/// wait, must be repeatable and must see what a real kernel does once in a blue moon.
///
/// Time passes a little with each entry and each look at the clock, and jumps to the next thing due
/// when every ring's owner waits or has left it (a thread that owns several rings counts as waiting
/// for all of them). So one thread can step through a scenario, and several can run one at full
/// speed.
///
/// Descriptors are the simulation's own numbers, which mean nothing to real system calls.
///
/// Thread: any, but for what kernel restricts to a ring's owner. Destroyed after its rings.
/// Limit: `options.descriptors`.
class simulated_kernel final : public kernel {
public:
    explicit simulated_kernel(const simulated_options& options = {});
    simulated_kernel(const simulated_kernel&) = delete;
    simulated_kernel& operator=(const simulated_kernel&) = delete;
    ~simulated_kernel();

    // --- kernel ----------------------------------------------------------------------------------

    int create(unsigned entries, ::io_uring_params& params, ::io_uring& ring) noexcept override;
    void destroy(::io_uring& ring) noexcept override;
    void left(::io_uring& ring) noexcept override;
    int enter(::io_uring& ring, unsigned submit, unsigned wait, unsigned flags,
              std::uint64_t timeout_ns) noexcept override;
    int control(int descriptor, unsigned operation, void* argument,
                unsigned count) noexcept override;
    int attempt(const ::io_uring_sqe& request) noexcept override;
    int open_bell() noexcept override;
    void strike_bell(int bell) noexcept override;
    void close_bell(int bell) noexcept override;
    int open_pair(int (&ends)[2]) noexcept override;
    std::uint64_t now_ns() noexcept override;

    // --- the rest of the world: what peers and other processes do --------------------------------
    // Results are those of the system call, errors negative; nothing of it waits.

    /// Two connected stream sockets that hold up to `capacity` bytes each way.
    std::pair<int, int> stream_pair(std::size_t capacity = 65'536);
    /// Two connected datagram sockets without names, that hold up to `capacity` datagrams each way.
    std::pair<int, int> datagram_pair(std::size_t capacity = 64);
    /// A stream socket to be connected.
    int socket();
    /// A stream socket that listens at `address`, which only has to be the same bytes in connect.
    int listen(const ::sockaddr* address, unsigned size, unsigned backlog = 128);
    int connect(int descriptor, const ::sockaddr* address, unsigned size);
    int accept(int listener);
    /// `flags` as in open(2).
    int open(const std::string& path, int flags);
    int write(int descriptor, std::span<const std::byte> bytes);
    int read(int descriptor, std::span<std::byte> bytes);
    int close(int descriptor);
    void put_file(const std::string& path, std::span<const std::byte> bytes);
    [[nodiscard]] std::optional<std::vector<std::byte>> file(const std::string& path) const;
    /// Rings and bells included.
    [[nodiscard]] std::size_t open_descriptors() const;

    // --- time ------------------------------------------------------------------------------------

    /// Lets time pass; what falls due on the way happens.
    void advance(std::uint64_t by_ns);
    /// Lets everything happen that is scheduled, however late.
    void settle();
    /// While one lives, time does not jump: for when a thread that owns no ring has work to do.
    class [[nodiscard]] clock_hold {
    public:
        explicit clock_hold(simulated_kernel& kernel);
        clock_hold(const clock_hold&) = delete;
        clock_hold& operator=(const clock_hold&) = delete;
        ~clock_hold();

    private:
        simulated_kernel& kernel_;
    };

    // --- mischief --------------------------------------------------------------------------------

    /// Applies to the next requests it fits; older scripts first. A message is sent at once or has
    /// a result: no other part of a script is for it.
    void script(const scripted_outcome& outcome);
    /// What the next `times` entries by any ring answer instead of taking requests or waiting:
    /// EAGAIN, EBUSY, ENOMEM, EINTR (negative; the last after taking requests), or
    /// fault_plan::cut_short: about half of the requests are taken.
    void script_entries(int answer, unsigned times = 1);
    /// From now on every entry that brings requests takes none and answers this (EAGAIN, ENOMEM or
    /// EBUSY, negative), as while memory is short; 0: they are taken again.
    void refuse_requests(int answer);
    /// Posts a completion nobody asked for, or one that comes too late.
    void post_stray_completion(int ring, std::uint64_t user_data, int result);
    /// Posts the last completion of an operation once more.
    void repeat_last_completion(int ring);

    // --- looking on ------------------------------------------------------------------------------

    /// Whether the fault that was asked for has happened.
    [[nodiscard]] bool fault_hit() const;
    /// "seed 17, fault 3: request recv answers Input/output error".
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] std::uint64_t requests(request_kind kind) const;
    [[nodiscard]] std::uint64_t completions(request_kind kind, int result) const;
    [[nodiscard]] std::uint64_t entries() const;
    /// Entries by a thread that is not the ring's owner.
    [[nodiscard]] std::uint64_t foreign_entries() const;
    /// Zero-copy sends whose bytes were changed before their notification.
    [[nodiscard]] std::uint64_t overwritten_sends() const;
    /// Requests the kernel holds.
    [[nodiscard]] std::size_t pending_requests() const;

private:
    std::unique_ptr<detail::simulation> simulation_;
};

}  // namespace spargio::testing
