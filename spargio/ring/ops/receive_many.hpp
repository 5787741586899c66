#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spargio/ring/multishot_operation.hpp"

namespace spargio {

/// Receives into buffers of a pool, in one of three ways that take turns in one place:
/// again and again into buffers the kernel chooses; or a wait until there is something to receive;
/// or once, without waiting, into a given buffer (EAGAIN: nothing there).
/// Source: recv(2), poll(2); IORING_OP_RECV with IORING_RECV_MULTISHOT and IOSQE_BUFFER_SELECT,
/// IORING_OP_POLL_ADD.
class receive_many_operation : public multishot_operation {
public:
    enum class way : std::uint8_t { many, bundles, poll, once };

    receive_many_operation(int descriptor, arrival_sink& sink) noexcept
        : multishot_operation(kind, sink), descriptor_(descriptor) {}

    /// From the buffers of `group`; `bundled`: several of them with one completion.
    void set_many(unsigned group, bool bundled) noexcept {
        way_ = bundled ? way::bundles : way::many;
        group_ = static_cast<std::uint16_t>(group);
    }
    void set_poll() noexcept { way_ = way::poll; }
    void set_once(std::span<std::byte> into) noexcept {
        way_ = way::once;
        into_ = into;
    }
    [[nodiscard]] way current_way() const noexcept { return way_; }
    [[nodiscard]] std::span<std::byte> into() const noexcept { return into_; }

protected:
    /// For what receives the same ways by other requests.
    receive_many_operation(const operation_type& type, int descriptor, arrival_sink& sink) noexcept
        : multishot_operation(type, sink), descriptor_(descriptor) {}
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    [[nodiscard]] unsigned group() const noexcept { return group_; }
    static void prepare_poll(const receive_many_operation& self, ::io_uring_sqe& request) noexcept;

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"receive_many", prepare, true, take};

    int descriptor_;
    way way_ = way::poll;
    std::uint16_t group_ = 0;
    std::span<std::byte> into_;
};

}  // namespace spargio
