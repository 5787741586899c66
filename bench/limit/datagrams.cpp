#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "bench/common/datagram_lots.hpp"
#include "bench/common/pause.hpp"
#include "bench/common/pinned_thread.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

auto check(long outcome) -> std::size_t {
    if (outcome < 0)
        throw std::system_error(errno, std::generic_category(), "udp");
    return static_cast<std::size_t>(outcome);
}

/// A UDP socket on the loopback that is tried again and again.
class busy_socket {
public:
    busy_socket() : fd_(static_cast<int>(check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)))) {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        check(::bind(fd_, as_plain(any), sizeof any));
        set(SOL_SOCKET, SO_RCVBUF, datagram_lots::receive_buffer_bytes);
    }
    busy_socket(const busy_socket&) = delete;
    auto operator=(const busy_socket&) -> busy_socket& = delete;
    ~busy_socket() { ::close(fd_); }

    void set(int level, int option, int value) const {
        check(::setsockopt(fd_, level, option, &value, sizeof value));
    }
    void connect(const busy_socket& to) const {
        sockaddr_in name{};
        socklen_t size = sizeof name;
        check(::getsockname(to.fd_, as_plain(name), &size));
        check(::connect(fd_, as_plain(name), size));
    }
    void send(std::span<const std::byte> bytes) const {
        while (::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT) < 0) {
            if (errno != EAGAIN)
                check(-1);
        }
    }
    auto receive(std::span<std::byte> room) const -> std::span<std::byte> {
        for (;;) {
            const ssize_t n = ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
            if (n >= 0 || errno != EAGAIN)
                return room.first(check(n));
            pause();
        }
    }

private:
    static auto as_plain(sockaddr_in& name) -> sockaddr* {
        return reinterpret_cast<sockaddr*>(&name);
    }

    int fd_;
};

/// A lot is one send that the kernel cuts and one receive that it has not: how long the datagrams
/// are is known. Both ends are connected and spin.
class datagrams final : public scenario {
public:
    explicit datagrams(const surroundings& /*unused*/) {
        sender_.connect(receiver_);
        receiver_.connect(sender_);
        sender_.set(SOL_UDP, UDP_SEGMENT, datagram_lots::datagram_bytes);
        receiver_.set(SOL_UDP, UDP_GRO, 1);
    }

    void run(recorder& r) override {
        server_.start([&] {
            for (unsigned k = 0; k < r.iterations(); ++k)
                receive(r.items());
        });
        client_.run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k)
                iterate(r);
        });
        server_.wait();
    }

private:
    void iterate(recorder& r) {
        outgoing_.restart(r.items());
        r.begin();
        while (!outgoing_.done()) {
            if (outgoing_.may_send()) {
                sender_.send(outgoing_.next());
            } else {
                sender_.receive(outgoing_.ack_room());
                outgoing_.acknowledged();
            }
        }
        r.lap();
        r.end(outgoing_.sum());
    }
    void receive(std::uint64_t items) {
        incoming_.restart();
        while (incoming_.count() != items) {
            for (std::span<const std::byte> rest = receiver_.receive(room_); !rest.empty();
                 rest = rest.subspan(datagram_lots::datagram_bytes))
                if (incoming_.received(rest.first(datagram_lots::datagram_bytes)))
                    receiver_.send(incoming_.ack());
        }
    }

    busy_socket sender_;
    busy_socket receiver_;
    std::vector<std::byte> room_ = std::vector<std::byte>(65536);
    lot_sender outgoing_;
    lot_receiver incoming_;
    pinned_thread client_{client_cpu};
    pinned_thread server_{server_cpu};
};

}  // namespace

auto datagram_entries() -> std::vector<entry> {
    return {{"udp_receive_256b_batched", "limit",
             "polls: one send that the kernel cuts, one recv of a whole lot without waiting",
             "sender on CPU 0, receiver on CPU 1", make_scenario<datagrams>}};
}

}  // namespace bench::limit
