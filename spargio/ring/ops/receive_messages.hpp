#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>

#include "spargio/ring/ops/receive_many.hpp"

namespace spargio {

/// receive_many_operation for datagrams: what the kernel puts into a buffer begins with a header,
/// the sender's address and the control messages.
/// Source: recvmsg(2); IORING_OP_RECVMSG with IORING_RECV_MULTISHOT and IOSQE_BUFFER_SELECT.
class receive_messages_operation final : public receive_many_operation {
public:
    /// Where the parts of a message lie in its buffer, with room for `control` bytes of control
    /// messages.
    struct layout {
        std::size_t control;
        static constexpr std::size_t header = 16;  // struct io_uring_recvmsg_out
        static constexpr std::size_t name = sizeof(::sockaddr_storage);
        [[nodiscard]] constexpr std::size_t before_payload() const noexcept {
            return header + name + control;
        }
    };

    receive_messages_operation(int descriptor, layout parts, arrival_sink& sink) noexcept;

    [[nodiscard]] layout parts() const noexcept { return parts_; }
    /// Completes the buffer of a receive that took `payload` bytes in once, as the kernel does.
    /// \return its bytes in use
    [[nodiscard]] std::size_t complete_once(std::span<std::byte> into,
                                            std::size_t payload) const noexcept;

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"receive_messages", prepare, true, take};

    const layout parts_;
    mutable ::msghdr message_{};  // the kernel writes to it
    mutable ::iovec payload_{};
};

}  // namespace spargio
