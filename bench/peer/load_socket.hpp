#pragma once

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "bench/common/echo_frame.hpp"
#include "bench/common/served_frame.hpp"

namespace bench::load {

[[noreturn]] inline void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// A connection of the generator; replies are put together whatever pieces they come in.
/// Thread: one.
class connection {
public:
    explicit connection(std::uint16_t port) : fd_(connect_blocking(port)) {}
    connection(connection&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    auto operator=(connection&&) -> connection& = delete;
    connection(const connection&) = delete;
    auto operator=(const connection&) -> connection& = delete;
    ~connection() {
        if (fd_ >= 0)
            ::close(fd_);
    }

    [[nodiscard]] auto fd() const -> int { return fd_; }

    /// The socket's buffer holds more than is ever under way, so a frame goes whole or not at all.
    void send(std::uint64_t number, std::uint32_t stall_us = 0) const {
        served_frame frame;
        frame.stall_us = stall_us;
        frame.number(number);
        const auto bytes = frame.bytes();
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n != static_cast<ssize_t>(bytes.size()))
            fail("send to the server");
    }

    /// Reads what is there and calls `on_reply(frame)` for each whole reply.
    template <class OnReply>
    void receive(OnReply on_reply) {
        const ssize_t n = ::recv(fd_, in_.data() + have_, in_.size() - have_, MSG_DONTWAIT);
        if (n == 0)
            throw std::runtime_error("the server closed a connection");
        if (n < 0) {
            if (errno == EAGAIN)
                return;
            fail("receive from the server");
        }
        have_ += static_cast<std::size_t>(n);
        std::size_t taken = 0;
        for (; have_ - taken >= sizeof(served_frame); taken += sizeof(served_frame)) {
            served_frame frame;
            std::memcpy(&frame, in_.data() + taken, sizeof frame);
            on_reply(frame);
        }
        std::memmove(in_.data(), in_.data() + taken, have_ - taken);
        have_ -= taken;
    }

    /// One echo, waited for: the server has accepted the connection and serves it.
    void greet() const {
        send(0);
        served_frame frame;
        const auto bytes = frame.bytes();
        if (::recv(fd_, bytes.data(), bytes.size(), MSG_WAITALL) !=
                static_cast<ssize_t>(bytes.size()) ||
            !frame.carries(0))
            throw std::runtime_error("the server does not greet");
    }

private:
    int fd_;
    std::size_t have_ = 0;
    std::array<std::byte, 4096> in_{};
};

inline void expect(const served_frame& reply, std::uint64_t number) {
    if (!reply.carries(number))
        throw std::runtime_error("the server sent back other bytes");
}

/// Level-triggered epoll over connections by their index.
class poller {
public:
    poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {}
    poller(const poller&) = delete;
    auto operator=(const poller&) -> poller& = delete;
    ~poller() { ::close(fd_); }

    void add(int fd, std::uint32_t index) const {
        epoll_event e{};
        e.events = EPOLLIN;
        e.data.u32 = index;
        if (::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &e) != 0)
            fail("epoll_ctl");
    }

    /// The indices that are readable, waiting up to `wait_ns` for the first.
    auto wait(std::uint64_t wait_ns) -> std::span<const epoll_event> {
        const timespec t{static_cast<time_t>(wait_ns / 1'000'000'000),
                         static_cast<long>(wait_ns % 1'000'000'000)};
        const int n =
            ::epoll_pwait2(fd_, events_.data(), static_cast<int>(events_.size()), &t, nullptr);
        if (n < 0 && errno != EINTR)
            fail("epoll_pwait2");
        return std::span(events_).first(n < 0 ? 0 : static_cast<std::size_t>(n));
    }

private:
    int fd_;
    std::array<epoll_event, 256> events_{};
};

/// One client a connection, each greeted and watched by its index.
template <class Client>
auto connect_clients(std::uint16_t port, std::uint64_t count, const poller& ready)
    -> std::vector<Client> {
    std::vector<Client> clients;
    clients.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        clients.push_back({connection(port)});
        clients.back().socket.greet();
        ready.add(clients.back().socket.fd(), i);
    }
    return clients;
}

/// Ends a sample that does not end.
class deadline {
public:
    void check(std::uint64_t now) const {
        if (now > end_)
            throw std::runtime_error("the server has not answered everything within 30 s");
    }

private:
    std::uint64_t end_ = now_ns() + 30'000'000'000ULL;
};

}  // namespace bench::load
