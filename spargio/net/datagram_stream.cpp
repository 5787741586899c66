#include "spargio/net/datagram_stream.hpp"

#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "spargio/net/detail/datagram_message.hpp"
#include "spargio/net/detail/datagram_source.hpp"
#include "spargio/net/detail/socket_calls.hpp"

namespace spargio {

using layout = receive_messages_operation::layout;

datagram_info leased_datagram::info() const noexcept {
    datagram_info told;
    told.peer = source_;
    ::msghdr message{};
    message.msg_control = control_.data();
    message.msg_controllen = control_.size();
    detail::read_control(message, told);
    return told;
}

namespace detail {

datagram_awaiter::datagram_awaiter(datagram_source& source) noexcept
    : multishot_wait(source), source_(source) {}

result<leased_datagram> datagram_awaiter::await_resume() const noexcept {
    if (refusal() != 0)
        return failure(refusal());
    auto lease = source_.take();
    if (!lease)
        return failure(lease.error());
    leased_datagram datagram;
    datagram.lease_ = std::move(*lease);
    const std::span<std::byte> all = datagram.lease_.bytes();
    const layout parts = source_.parts();
    if (all.size() < parts.before_payload())
        return datagram;
    ::io_uring_recvmsg_out header;
    std::memcpy(&header, all.data(), sizeof header);
    ::sockaddr_storage name{};
    const std::size_t name_size = std::min<std::size_t>(header.namelen, layout::name);
    std::memcpy(&name, all.data() + layout::header, name_size);
    datagram.source_ = socket_address::from_native(name, static_cast<::socklen_t>(name_size));
    datagram.control_ = all.subspan(layout::header + layout::name,
                                    std::min<std::size_t>(header.controllen, parts.control));
    datagram.bytes_ = all.subspan(parts.before_payload());
    datagram.full_size_ = header.payloadlen;
    datagram.truncated_ = (header.flags & MSG_TRUNC) != 0;
    return datagram;
}

}  // namespace detail

result<datagram_stream> datagram_stream::open(int descriptor, std::size_t control_bytes) {
    shard* const here = shard::current();
    SPARGIO_ASSERT(here != nullptr);
    const auto pool = here->buffers();
    if (!pool)
        return failure(pool.error());
    const auto whole = (*pool)->whole_buffers();
    if (!whole)
        return failure(whole.error());
    // Room for control messages would be room for descriptors, which nobody would own.
    if (control_bytes != 0 && detail::option_of(descriptor, SOL_SOCKET, SO_DOMAIN) == AF_UNIX)
        control_bytes = 0;
    const layout parts{control_bytes};
    if (parts.before_payload() >= (*whole)->buffer_size())
        return failure(ENOBUFS);
    return datagram_stream(new detail::datagram_source(*here, **whole, descriptor, parts));
}

datagram_stream::~datagram_stream() {
    if (source_ != nullptr)
        source_->abandon();
}

void datagram_stream::request_end() noexcept {
    source_->request_end();
}

}  // namespace spargio
