#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/io/descriptor.hpp"
#include "spargio/net/socket_address.hpp"

namespace spargio {

/// What can be asked of every socket, and its descriptor, which it owns. Base of the streams, the
/// listeners and the datagram sockets. Nothing here waits. Errors: those of setsockopt(2) and
/// getsockopt(2).
/// Thread: any, one at a time.
class basic_socket {
public:
    [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }
    [[nodiscard]] result<socket_address> local_address() const noexcept;

    /// Bytes the kernel keeps of what came and was not read (SO_RCVBUF), or of what was written and
    /// has not left (SO_SNDBUF). The kernel doubles what is set, for its own use, and limits it.
    result<void> set_receive_buffer(std::size_t bytes) noexcept;
    result<void> set_send_buffer(std::size_t bytes) noexcept;
    [[nodiscard]] result<std::size_t> receive_buffer() const noexcept;
    [[nodiscard]] result<std::size_t> send_buffer() const noexcept;
    /// Which of the machine's queues packets wait in, 0 to 6 (SO_PRIORITY).
    result<void> set_priority(unsigned priority) noexcept;
    /// What routers are told: the byte of DSCP and ECN in each packet (IP_TOS, IPV6_TCLASS).
    result<void> set_traffic_class(std::uint8_t byte) noexcept;
    [[nodiscard]] result<std::uint8_t> traffic_class() const noexcept;
    /// The error that came since and was told to nobody; it is cleared (SO_ERROR).
    [[nodiscard]] result<std::error_code> take_error() noexcept;

protected:
    explicit basic_socket(descriptor owned) noexcept : descriptor_(std::move(owned)) {}
    basic_socket(basic_socket&&) noexcept = default;
    basic_socket& operator=(basic_socket&&) noexcept = default;
    ~basic_socket() = default;

    /// Makes `number` blocking and close-on-exec: waiting is the ring's business.
    [[nodiscard]] static result<void> prepare_adopted(int number) noexcept;
    [[nodiscard]] static result<descriptor> open(int family, int type) noexcept;

    descriptor descriptor_;
};

/// How a datagram socket takes an address.
struct bind_options {
    bool reuse_address = false;      ///< although another socket may have it (SO_REUSEADDR)
    bool reuse_port = false;         ///< several sockets share the port (SO_REUSEPORT)
    bool v6_only = false;            ///< of version 6: no version 4 peers (IPV6_V6ONLY)
    std::size_t receive_buffer = 0;  ///< 0: the kernel's choice; set before the first byte
    std::size_t send_buffer = 0;
};

}  // namespace spargio
