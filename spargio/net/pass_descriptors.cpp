#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "spargio/net/detail/pass_descriptors.hpp"
#include "spargio/net/detail/unix_datagram_send.hpp"
#include "spargio/ring/ops/recvmsg.hpp"
#include "spargio/ring/ops/sendmsg.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio::detail {
namespace {

/// A message of one piece with room for descriptors beside it.
class message_with_descriptors {
public:
    message_with_descriptors(std::byte* data, std::size_t size, std::size_t most) noexcept
        : piece_{data, size} {
        message.msg_iov = &piece_;
        message.msg_iovlen = 1;
        if (most == 0)
            return;
        message.msg_control = control_.data();
        message.msg_controllen = CMSG_SPACE(most * sizeof(int));
    }
    // The kernel's structure serves both directions and so knows no const.
    message_with_descriptors(std::span<const std::byte> bytes, std::span<const int> descriptors)
        : message_with_descriptors(const_cast<std::byte*>(bytes.data()), bytes.size(),
                                   descriptors.size()) {
        put(descriptors);
    }
    message_with_descriptors(const message_with_descriptors&) = delete;
    message_with_descriptors& operator=(const message_with_descriptors&) = delete;

    /// Owns what came. \pre `into` has room for all of it
    void take(std::vector<descriptor>& into) noexcept {
        for (::cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
             each = CMSG_NXTHDR(&message, each)) {
            if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS)
                continue;
            const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t i = 0; i < count; ++i) {
                int number = -1;
                std::memcpy(&number, CMSG_DATA(each) + i * sizeof number, sizeof number);
                into.emplace_back(number);
            }
        }
    }

    ::msghdr message{};

private:
    void put(std::span<const int> descriptors) noexcept {
        if (descriptors.empty())
            return;
        ::cmsghdr& header = *CMSG_FIRSTHDR(&message);
        header.cmsg_level = SOL_SOCKET;
        header.cmsg_type = SCM_RIGHTS;
        header.cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(&header), descriptors.data(), descriptors.size_bytes());
    }

    ::iovec piece_;
    alignas(::cmsghdr)
        std::array<std::byte, CMSG_SPACE(most_passed_descriptors * sizeof(int))> control_{};
};

}  // namespace

task<result<std::size_t>> send_with_descriptors(int socket, attempt_history* history,
                                                std::span<const std::byte> bytes,
                                                std::span<const int> descriptors) {
    if (descriptors.size() > most_passed_descriptors)
        co_return failure(EINVAL);
    const message_with_descriptors sent(bytes, descriptors);
    co_return co_await await_operation<sendmsg_operation>(decode_count(), history, socket,
                                                          &sent.message);
}

task<result<std::size_t>> send_datagram_with_descriptors(const basic_socket& from,
                                                         attempt_history* history,
                                                         std::span<const std::byte> bytes,
                                                         std::span<const int> descriptors) {
    if (descriptors.size() > most_passed_descriptors)
        co_return failure(EINVAL);
    const message_with_descriptors sent(bytes, descriptors);
    co_return co_await send_unix_datagram(from, history, &sent.message);
}

task<result<received_with_descriptors>> receive_with_descriptors(int socket,
                                                                 attempt_history* history,
                                                                 std::span<std::byte> buffer,
                                                                 std::size_t most) {
    if (most > most_passed_descriptors)
        co_return failure(EINVAL);
    received_with_descriptors received;
    // Before anything has come: nothing that may throw stands between a descriptor and its owner.
    // The control buffer is aligned, and may take one more than was asked for.
    received.descriptors.reserve(most + 1);
    message_with_descriptors room(buffer.data(), buffer.size(), most);
    const auto count =
        co_await await_operation<recvmsg_operation>(decode_count(), history, socket, &room.message);
    if (!count)
        co_return failure(count.error());
    room.take(received.descriptors);
    received.size = *count;
    received.truncated = (room.message.msg_flags & MSG_TRUNC) != 0;
    received.descriptors_lost = (room.message.msg_flags & MSG_CTRUNC) != 0;
    while (received.descriptors.size() > most) {
        received.descriptors.pop_back();
        received.descriptors_lost = true;
    }
    co_return received;
}

}  // namespace spargio::detail
