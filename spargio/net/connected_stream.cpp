#include "spargio/net/connected_stream.hpp"

#include <array>
#include <cerrno>

#include "spargio/io/transfer.hpp"
#include "spargio/net/detail/piece_cursor.hpp"
#include "spargio/net/detail/socket_calls.hpp"
#include "spargio/ring/ops/recvmsg.hpp"
#include "spargio/ring/ops/sendmsg.hpp"

namespace spargio {

static_assert(static_cast<int>(shutdown_how::read) == SHUT_RD &&
              static_cast<int>(shutdown_how::write) == SHUT_WR &&
              static_cast<int>(shutdown_how::both) == SHUT_RDWR);

namespace {

/// The next request of a row of buffers.
struct next_pieces {
    /// \return of all that is left, what fits into one request
    template <class Byte>
    const ::msghdr* of(const detail::piece_cursor<Byte>& cursor) noexcept {
        const auto used = cursor.describe(vectors);
        message = {};
        message.msg_iov = used.data();
        message.msg_iovlen = used.size();
        return &message;
    }

    std::array<::iovec, connected_stream::most_pieces> vectors;
    ::msghdr message{};
};

}  // namespace

task<result<void>> connected_stream::read_exact(std::span<std::byte> buffer) {
    return spargio::read_exact(*this, buffer);
}

task<result<void>> connected_stream::write_all(std::span<const std::byte> buffer) {
    return spargio::write_all(*this, buffer);
}

task<result<std::size_t>>
connected_stream::read_vectored(std::span<const std::span<std::byte>> buffers) {
    const detail::piece_cursor cursor(buffers);
    SPARGIO_ASSERT(!cursor.done());
    next_pieces pieces;
    pieces.of(cursor);
    co_return co_await detail::await_operation<recvmsg_operation>(detail::decode_count(), &reads_,
                                                                  fd(), &pieces.message);
}

task<result<std::size_t>>
connected_stream::write_vectored(std::span<const std::span<const std::byte>> buffers) {
    const detail::piece_cursor cursor(buffers);
    SPARGIO_ASSERT(!cursor.done());
    next_pieces pieces;
    co_return co_await detail::await_operation<sendmsg_operation>(detail::decode_count(), &writes_,
                                                                  fd(), pieces.of(cursor));
}

task<result<void>>
connected_stream::read_exact_vectored(std::span<const std::span<std::byte>> buffers) {
    detail::piece_cursor cursor(buffers);
    next_pieces pieces;
    while (!cursor.done()) {
        pieces.of(cursor);
        const auto count = co_await detail::await_operation<recvmsg_operation>(
            detail::decode_count(), &reads_, fd(), &pieces.message);
        if (!count)
            co_return failure(count.error());
        if (*count == 0)
            co_return failure(make_error_code(errc::end_of_stream));
        cursor.advance(*count);
    }
    co_return result<void>{};
}

task<result<void>>
connected_stream::send_all_batch(std::span<const std::span<const std::byte>> buffers) {
    detail::piece_cursor cursor(buffers);
    next_pieces pieces;
    while (!cursor.done()) {
        const auto count = co_await detail::await_operation<sendmsg_operation>(
            detail::decode_count(), &writes_, fd(), pieces.of(cursor));
        if (!count)
            co_return failure(count.error());
        if (*count == 0)
            co_return failure(make_error_code(errc::nothing_written));
        cursor.advance(*count);
    }
    co_return result<void>{};
}

result<void> connected_stream::set_linger(std::optional<std::chrono::seconds> patience) noexcept {
    const ::linger value{
        .l_onoff = patience.has_value(),
        .l_linger =
            patience ? detail::option_value(static_cast<std::size_t>(patience->count())) : 0};
    if (::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &value, sizeof value) < 0)
        return failure(errno);
    return {};
}

result<socket_address> connected_stream::peer_address() const noexcept {
    return detail::peer_address_of(fd());
}

}  // namespace spargio
