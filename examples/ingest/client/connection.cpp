#include "connection.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace ingest_client {
namespace {

constexpr std::string_view file_magic = "SPIN";
constexpr std::string_view answer_magic = "SPIA";
constexpr int patience_ms = 60'000;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void append_big_endian(std::string& to, std::uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        to += static_cast<char>((value >> shift) & 0xff);
    }
}

void wait_for(int fd, short events, short& happened) {
    pollfd waiting{.fd = fd, .events = events, .revents = 0};
    int ready = 0;
    do {
        ready = ::poll(&waiting, 1, patience_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) {
        fail("poll");
    }
    if (ready == 0) {
        errno = ETIMEDOUT;
        fail("the server is silent");
    }
    happened = waiting.revents;
}

}  // namespace

auto parse_endpoint(std::string_view text) -> endpoint {
    auto colon = text.rfind(':');
    auto address = text.substr(0, colon);
    endpoint parsed;
    if (colon != std::string_view::npos) {
        auto port = text.substr(colon + 1);
        auto [end, error] = std::from_chars(port.begin(), port.end(), parsed.port);
        if (error != std::errc{} || end != port.end()) {
            parsed.port = 0;
        }
    }
    if (address.starts_with('[') && address.ends_with(']')) {
        address = address.substr(1, address.size() - 2);
    }
    if (parsed.port == 0 || address.empty()) {
        throw std::invalid_argument("'" + std::string(text) + "' is not ADDRESS:PORT");
    }
    parsed.address = address;
    return parsed;
}

auto encode_frame_start(std::string_view name, std::uint64_t file_length) -> std::string {
    std::string frame(file_magic);
    frame += '\x01';
    frame += '\x00';
    append_big_endian(frame, name.size(), 2);
    append_big_endian(frame, file_length, 8);
    frame += name;
    return frame;
}

connection::connection(const endpoint& server) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    auto error =
        ::getaddrinfo(server.address.c_str(), std::to_string(server.port).c_str(), &hints, &found);
    if (error != 0) {
        throw std::runtime_error(server.address + ": " + ::gai_strerror(error));
    }
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> address(found, &::freeaddrinfo);
    fd_ = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
        fail("socket");
    }
    if (::connect(fd_, address->ai_addr, address->ai_addrlen) != 0) {
        auto why = errno;
        ::close(fd_);
        errno = why;
        fail("connect");
    }
    int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

connection::~connection() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

auto connection::operator=(connection&& other) noexcept -> connection& {
    std::swap(fd_, other.fd_);
    return *this;
}

auto connection::send_bytes(std::string_view bytes) -> bool {
    while (!bytes.empty()) {
        short happened = 0;
        wait_for(fd_, POLLIN | POLLOUT, happened);
        if ((happened & POLLIN) != 0) {
            return false;
        }
        auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EINTR) {
                continue;
            }
            fail("send");
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void connection::receive_exactly(char* to, std::size_t size) {
    while (size > 0) {
        short happened = 0;
        wait_for(fd_, POLLIN, happened);
        auto received = ::recv(fd_, to, size, 0);
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received < 0) {
            fail("receive");
        }
        if (received == 0) {
            throw std::runtime_error("the server closed the connection without an answer");
        }
        to += received;
        size -= static_cast<std::size_t>(received);
    }
}

auto connection::read_answer() -> answer {
    std::string fixed(40, '\0');
    receive_exactly(fixed.data(), fixed.size());
    if (!fixed.starts_with(answer_magic) || fixed[4] != 1) {
        throw std::runtime_error("what the server sent is no answer of this protocol");
    }
    auto byte = [&](std::size_t at) { return static_cast<unsigned char>(fixed[at]); };
    answer received{.status = byte(5), .checksum = fixed.substr(8, 32), .text = {}};
    received.text.resize(byte(6) * 256u + byte(7));
    receive_exactly(received.text.data(), received.text.size());
    return received;
}

auto connection::send_file(std::string_view name, std::string_view content) -> answer {
    auto start = encode_frame_start(name, content.size());
    // Small files leave in one segment; large ones are not copied.
    if (content.size() <= 64 * 1024) {
        start += content;
        content = {};
    }
    if (send_bytes(start)) {
        send_bytes(content);
    }
    return read_answer();
}

void connection::reset() {
    linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(fd_, -1));
}

}  // namespace ingest_client
