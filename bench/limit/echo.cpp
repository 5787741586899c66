#include <optional>

#include "bench/common/echo_frame.hpp"
#include "bench/common/pinned_thread.hpp"
#include "bench/limit/raw_ring.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

void check(ssize_t n) {
    if (n == 0)
        throw std::runtime_error("the echo peer closed the connection");
    if (n < 0)
        throw std::system_error(errno, std::generic_category(), "echo");
}

/// send(2), then recv(2) without waiting until the echo is there.
class busy_socket {
public:
    explicit busy_socket(int fd) : fd_(fd) {}
    void exchange(std::span<const std::byte> request, std::span<std::byte> reply) const {
        send(request);
        receive(reply);
    }

private:
    void send(std::span<const std::byte> bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n < 0 && errno == EAGAIN)
                continue;
            check(n);
            bytes = bytes.subspan(static_cast<std::size_t>(n));
        }
    }
    void receive(std::span<std::byte> bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
            if (n < 0 && errno == EAGAIN)
                continue;
            check(n);
            bytes = bytes.subspan(static_cast<std::size_t>(n));
        }
    }

    int fd_;
};

/// Send and receive in one submission; the ring's flag is polled in memory.
class polled_ring {
public:
    explicit polled_ring(int fd) : fd_(fd) {}
    void exchange(std::span<const std::byte> request, std::span<std::byte> reply) {
        io_uring_prep_send(ring_.sqe(), fd_, request.data(), request.size(), MSG_NOSIGNAL);
        io_uring_prep_recv(ring_.sqe(), fd_, reply.data(), reply.size(), 0);
        ring_.submit();
        // 256 bytes into an empty socket buffer are never sent short, and the receive cannot
        // complete before the send it answers.
        if (finish() != request.size())
            throw std::runtime_error("short send");
        for (reply = reply.subspan(finish()); !reply.empty(); reply = reply.subspan(finish())) {
            io_uring_prep_recv(ring_.sqe(), fd_, reply.data(), reply.size(), 0);
            ring_.submit();
        }
    }

private:
    auto finish() -> std::size_t {
        ring_.poll_one();
        const int n = ring_.take_result();
        errno = n < 0 ? -n : 0;
        check(n < 0 ? -1 : n);
        return static_cast<std::size_t>(n);
    }

    raw_ring ring_;
    int fd_;
};

template <class Socket>
class echo final : public scenario {
public:
    explicit echo(const surroundings& s) : fd_(connect_blocking(s.echo_port)) {
        client_.run([this] { socket_.emplace(fd_); });
    }
    ~echo() override {
        client_.run([this] { socket_.reset(); });
        ::close(fd_);
    }

    void run(recorder& r) override {
        client_.run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k)
                iterate(r);
        });
    }

private:
    void iterate(recorder& r) {
        echo_frame frame;
        r.begin();
        for (std::uint64_t i = 0; i < r.items(); ++i) {
            frame.fill(i);
            socket_->exchange(frame.request(), frame.reply());
            frame.echoed(i);
            r.lap();
        }
        r.end(frame.sum());
    }

    int fd_;
    std::optional<Socket> socket_;
    pinned_thread client_{client_cpu};
};

}  // namespace

auto echo_entries() -> std::vector<entry> {
    constexpr auto pins = "client on CPU 0, peer on CPU 1";
    return {{"net_echo_rtt_256b", "limit", "polls: send, then recv without waiting in a loop", pins,
             make_scenario<echo<busy_socket>>},
            {"net_echo_rtt_256b", "limit_ring",
             "polls: send and recv in one enter of a cooperative ring, its TASKRUN flag watched",
             pins, make_scenario<echo<polled_ring>>}};
}

}  // namespace bench::limit
