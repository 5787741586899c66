#include "spargio/ring/ops/receive_messages.hpp"

#include <liburing.h>

#include <algorithm>
#include <cstring>

namespace spargio {

static_assert(receive_messages_operation::layout::header == sizeof(::io_uring_recvmsg_out));

receive_messages_operation::receive_messages_operation(int descriptor, layout parts,
                                                       arrival_sink& sink) noexcept
    : receive_many_operation(kind, descriptor, sink), parts_(parts) {}

void receive_messages_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const receive_messages_operation&>(self);
    op.message_ = {};
    op.message_.msg_namelen = layout::name;
    op.message_.msg_controllen = op.parts_.control;
    switch (op.current_way()) {
    case way::many:
    case way::bundles:
        io_uring_prep_recvmsg_multishot(&request, op.descriptor(), &op.message_, MSG_TRUNC);
        request.flags |= IOSQE_BUFFER_SELECT;
        request.buf_group = static_cast<std::uint16_t>(op.group());
        break;
    case way::poll:
        prepare_poll(op, request);
        break;
    case way::once: {
        std::byte* const buffer = op.into().data();
        op.message_.msg_name = buffer + layout::header;
        op.message_.msg_control = buffer + layout::header + layout::name;
        op.payload_.iov_base = buffer + op.parts_.before_payload();
        op.payload_.iov_len = op.into().size() - op.parts_.before_payload();
        op.message_.msg_iov = &op.payload_;
        op.message_.msg_iovlen = 1;
        io_uring_prep_recvmsg(&request, op.descriptor(), &op.message_, MSG_DONTWAIT | MSG_TRUNC);
        break;
    }
    }
}

std::size_t receive_messages_operation::complete_once(std::span<std::byte> into,
                                                      std::size_t payload) const noexcept {
    const ::io_uring_recvmsg_out header{
        .namelen = message_.msg_namelen,
        .controllen = static_cast<unsigned>(message_.msg_controllen),
        .payloadlen = static_cast<unsigned>(payload),
        .flags = static_cast<unsigned>(message_.msg_flags),
    };
    std::memcpy(into.data(), &header, sizeof header);
    return parts_.before_payload() + std::min(payload, payload_.iov_len);
}

}  // namespace spargio
