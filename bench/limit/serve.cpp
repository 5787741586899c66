#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "bench/common/listen_socket.hpp"
#include "bench/common/pin.hpp"
#include "bench/common/served_frame.hpp"
#include "bench/common/served_workloads.hpp"
#include "bench/limit/scenarios.hpp"

#include <netinet/tcp.h>

namespace bench::limit {
namespace {

constexpr unsigned workers = 2;

/// What epoll points to. A listener and the stop bell have no frame to fill.
struct watched {
    int fd = -1;
    std::size_t have = 0;
    served_frame frame;
};

void watch(int epoll, watched& w, std::uint32_t events, int how = EPOLL_CTL_ADD) {
    epoll_event e{};
    e.events = events;
    e.data.ptr = &w;
    if (::epoll_ctl(epoll, how, w.fd, &e) != 0)
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

/// Reads what is missing of a frame; when it is whole, serves and answers it.
/// \return false when the connection is over.
auto step(watched& c) -> bool {
    const auto bytes = c.frame.bytes().subspan(c.have);
    const ssize_t n = ::recv(c.fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    c.have += static_cast<std::size_t>(n);
    if (c.have < sizeof(served_frame))
        return true;
    c.have = 0;
    c.frame.serve();
    const auto reply = c.frame.bytes();
    // A client has few frames under way: its socket always takes one more.
    return ::send(c.fd, reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
           static_cast<ssize_t>(reply.size());
}

/// Two pinned threads on level-triggered epoll.
///
/// Both watch one listener with EPOLLEXCLUSIVE: whichever is free accepts, and a stuck one keeps
/// nobody waiting. Connections go to the threads in turn, by adding them to the other's epoll,
/// which needs no message. SO_REUSEPORT would put them where a hash says: 64 of them 28 to 36 in
/// every second sample, and clients of a stuck thread would wait to be accepted.
///
/// `Shared` is the other way to write it: one epoll for both threads, so that whichever is free
/// serves whatever connection is ready. EPOLLONESHOT keeps the other off a connection meanwhile and
/// costs a system call a request.
template <bool Shared>
class epoll_server final : public server {
public:
    epoll_server() {
        stop_.fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        listener_.fd = socket_.fd();
        for (unsigned i = 0; i < (Shared ? 1 : workers); ++i) {
            epolls_[i] = ::epoll_create1(EPOLL_CLOEXEC);
            watch(epolls_[i], stop_, EPOLLIN);
            watch(epolls_[i], listener_, EPOLLIN | EPOLLEXCLUSIVE);
        }
        for (unsigned i = 0; i < workers; ++i)
            threads_[i] = std::thread([this, i] { loop(i); });
    }
    explicit epoll_server(const surroundings& /*unused*/) : epoll_server() {}
    ~epoll_server() override {
        const std::uint64_t one = 1;
        // Level-triggered and never read: it wakes every thread.
        [[maybe_unused]] const ssize_t told = ::write(stop_.fd, &one, sizeof one);
        for (std::thread& t : threads_)
            t.join();
        for (const int epoll : epolls_)
            if (epoll >= 0)
                ::close(epoll);
        ::close(stop_.fd);
    }

    [[nodiscard]] auto port() const -> std::uint16_t override { return socket_.port(); }

private:
    static constexpr std::uint32_t interest = Shared ? EPOLLIN | EPOLLONESHOT : EPOLLIN;

    void loop(unsigned worker) {
        pin_to(worker);
        const int epoll = epolls_[Shared ? 0 : worker];
        // Of a shared epoll each takes one at a time: what it does not take, the other can.
        std::array<epoll_event, Shared ? 1 : 256> events{};
        for (;;) {
            const int n = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < n; ++i) {
                auto* const w = static_cast<watched*>(events[static_cast<unsigned>(i)].data.ptr);
                if (w == &stop_)
                    return;
                if (w == &listener_)
                    accept();
                else
                    serve(epoll, w);
            }
        }
    }

    void accept() {
        const int fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;  // the other thread was faster
        const int one = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        auto c = std::make_unique<watched>();
        c->fd = fd;
        const unsigned turn = accepted_.fetch_add(1, std::memory_order_relaxed) % workers;
        watch(epolls_[Shared ? 0 : turn], *c.release(), interest);
    }

    static void serve(int epoll, watched* c) {
        if (!step(*c)) {
            ::close(c->fd);
            delete c;
        } else if constexpr (Shared) {
            watch(epoll, *c, interest, EPOLL_CTL_MOD);
        }
    }

    listen_socket socket_;
    watched listener_;
    watched stop_;
    std::array<int, workers> epolls_{-1, -1};
    std::atomic<unsigned> accepted_ = 0;
    std::array<std::thread, workers> threads_;
};

}  // namespace

auto serve_entries() -> std::vector<entry> {
    std::vector<entry> rows;
    add_served(rows, {"", "epoll", "blocks in epoll",
                      "a thread and epoll each on CPU 0 and 1, connections in turn; generator free",
                      make_scenario<epoll_server<false>>});
    add_served(rows, {"", "epoll_shared", "blocks in epoll",
                      "one epoll with EPOLLONESHOT, threads on CPU 0 and 1; generator free",
                      make_scenario<epoll_server<true>>});
    return rows;
}

}  // namespace bench::limit
