#include <fcntl.h>
#include <liburing.h>
#include <linux/membarrier.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <ctime>

#include "spargio/ring/kernel.hpp"

namespace spargio {
namespace {

int errno_of(long outcome) noexcept {
    return outcome < 0 ? -errno : static_cast<int>(outcome);
}

/// A ring's two mappings mostly lie side by side, and every unmapping interrupts each CPU that ran
/// this process: most of what a short-lived ring costs. \return false when they lie apart.
bool unmap_at_once(const ::io_uring& ring) noexcept {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const auto rounded = [](std::size_t bytes) { return (bytes + page - 1) / page * page; };
    auto* const requests = reinterpret_cast<std::byte*>(ring.sq.sqes);
    auto* const queues = static_cast<std::byte*>(ring.sq.ring_ptr);
    const std::size_t requests_size = rounded(ring.sq.ring_entries * sizeof(::io_uring_sqe));
    const std::size_t queues_size = rounded(ring.sq.ring_sz);
    if (ring.cq.ring_ptr != ring.sq.ring_ptr || (ring.flags & IORING_SETUP_SQE128) != 0 ||
        (requests + requests_size != queues && queues + queues_size != requests))
        return false;
    ::munmap(std::min(requests, queues), requests_size + queues_size);
    ::close(ring.ring_fd);
    return true;
}

class linux_kernel final : public kernel {
public:
    /// A filter may let a ring be opened that nobody may enter; whoever found that out later could
    /// only turn for ever.
    int create(unsigned entries, ::io_uring_params& params, ::io_uring& ring) noexcept override {
        if (const int opened = io_uring_queue_init_params(entries, &ring, &params); opened < 0)
            return opened;
        const int entered = enter(ring, 0, 0, 0, no_timeout);
        if (entered < 0)
            destroy(ring);
        return entered;
    }

    void destroy(::io_uring& ring) noexcept override {
        if (!unmap_at_once(ring))
            io_uring_queue_exit(&ring);
    }

    int enter(::io_uring& ring, unsigned submit, unsigned wait, unsigned flags,
              std::uint64_t timeout_ns) noexcept override {
        if (ring.enter_ring_fd != ring.ring_fd)
            flags |= IORING_ENTER_REGISTERED_RING;
        if (timeout_ns == no_timeout) {
            return errno_of(::syscall(__NR_io_uring_enter, ring.enter_ring_fd, submit, wait, flags,
                                      nullptr, _NSIG / 8));
        }
        __kernel_timespec limit{static_cast<std::int64_t>(timeout_ns / 1'000'000'000),
                                static_cast<long long>(timeout_ns % 1'000'000'000)};
        io_uring_getevents_arg argument{};
        argument.sigmask_sz = _NSIG / 8;
        argument.ts = reinterpret_cast<std::uint64_t>(&limit);
        return errno_of(::syscall(__NR_io_uring_enter, ring.enter_ring_fd, submit, wait,
                                  flags | IORING_ENTER_EXT_ARG, &argument, sizeof argument));
    }

    int control(int descriptor, unsigned operation, void* argument,
                unsigned count) noexcept override {
        return errno_of(::syscall(__NR_io_uring_register, descriptor, operation, argument, count));
    }

    int attempt(const ::io_uring_sqe& request) noexcept override {
        void* data = reinterpret_cast<void*>(request.addr);
        const std::size_t size = request.len;
        const int flags = static_cast<int>(request.msg_flags) | MSG_DONTWAIT;
        switch (request.opcode) {
        case IORING_OP_READ: {
            iovec vector{data, size};
            const int outcome = errno_of(
                ::preadv2(request.fd, &vector, 1, static_cast<off_t>(request.off), RWF_NOWAIT));
            // A filter's answer is about this call; the ring's is about the file.
            return outcome == -EPERM ? -EOPNOTSUPP : outcome;
        }
        case IORING_OP_RECV:
            return errno_of(::recv(request.fd, data, size, flags));
        case IORING_OP_SEND:
            return errno_of(::send(request.fd, data, size, flags));
        case IORING_OP_RECVMSG:
            return errno_of(::recvmsg(request.fd, static_cast<::msghdr*>(data), flags));
        case IORING_OP_SENDMSG:
            return errno_of(::sendmsg(request.fd, static_cast<::msghdr*>(data), flags));
        case IORING_OP_SHUTDOWN:
            return errno_of(::shutdown(request.fd, static_cast<int>(size)));
        default:
            return -EOPNOTSUPP;
        }
    }

    int open_bell() noexcept override { return errno_of(::eventfd(0, EFD_CLOEXEC)); }

    void strike_bell(int bell) noexcept override {
        // A full counter (EAGAIN cannot happen, it blocks at 2^64-2) means the bell already rings.
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(bell, &one, sizeof one);
    }

    void close_bell(int bell) noexcept override { ::close(bell); }

    int prepare_nudges() noexcept override {
        static const int outcome =
            errno_of(::syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
        return outcome;
    }

    int nudge() noexcept override {
        return errno_of(::syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
    }

    std::uint64_t times_displaced() noexcept override {
        ::rusage used{};
        ::getrusage(RUSAGE_THREAD, &used);
        return static_cast<std::uint64_t>(used.ru_nivcsw);
    }
    int open_cpu_times() noexcept override {
        return errno_of(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC));
    }

    cpu_times read_cpu_times(int source) noexcept override {
        char text[64];
        const auto size = ::pread(source, text, sizeof text, 0);
        const char* const end = text + std::max<ssize_t>(size, 0);
        cpu_times seen;
        const char* next = std::from_chars(text, end, seen.ran_ns).ptr;
        if (next != end)
            std::from_chars(next + 1, end, seen.waited_ns);
        return seen;
    }

    void close_cpu_times(int source) noexcept override { ::close(source); }

    std::uint64_t now_ns() noexcept override {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
               static_cast<std::uint64_t>(now.tv_nsec);
    }
};

}  // namespace

int kernel::prepare_nudges() noexcept {
    return -ENOSYS;
}
void kernel::left(::io_uring& /*ring*/) noexcept {}
std::uint64_t kernel::times_displaced() noexcept {
    return 0;
}
int kernel::nudge() noexcept {
    return -ENOSYS;
}
int kernel::open_cpu_times() noexcept {
    return -ENOSYS;
}
cpu_times kernel::read_cpu_times(int /*source*/) noexcept {
    return {};
}
void kernel::close_cpu_times(int /*source*/) noexcept {}
int kernel::open_pair(int (&ends)[2]) noexcept {
    return errno_of(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
}

kernel& system_kernel() noexcept {
    static linux_kernel instance;
    return instance;
}

}  // namespace spargio
