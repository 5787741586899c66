// io_uring_register(2), as far as spargio uses it.

#include <cerrno>
#include <cstring>

#include "spargio/ring/detail/newer_abi.hpp"
#include "spargio/testing/detail/simulation.hpp"

namespace spargio::testing::detail {
namespace {

constexpr std::array supported_opcodes = {
    IORING_OP_NOP,      IORING_OP_FSYNC,    IORING_OP_ACCEPT,  IORING_OP_ASYNC_CANCEL,
    IORING_OP_CONNECT,  IORING_OP_OPENAT,   IORING_OP_CLOSE,   IORING_OP_READ,
    IORING_OP_WRITE,    IORING_OP_SEND,     IORING_OP_RECV,    IORING_OP_SHUTDOWN,
    IORING_OP_RENAMEAT, IORING_OP_UNLINKAT, IORING_OP_MKDIRAT, IORING_OP_MSG_RING,
    IORING_OP_SENDMSG,  IORING_OP_RECVMSG,  IORING_OP_SPLICE,  IORING_OP_POLL_ADD,
};

int probe(::io_uring_probe& answer, unsigned count, feature_set missing) noexcept {
    answer.last_op = IORING_OP_MSG_RING;
    answer.ops_len = static_cast<std::uint8_t>(std::min<unsigned>(count, IORING_OP_MSG_RING + 1));
    for (const auto opcode : supported_opcodes) {
        if (opcode >= count || (opcode == IORING_OP_MSG_RING && missing.has(feature::message_ring)))
            continue;
        answer.ops[opcode].op = static_cast<std::uint8_t>(opcode);
        answer.ops[opcode].flags = IO_URING_OP_SUPPORTED;
    }
    return 0;
}

}  // namespace

int simulation::control(int descriptor, unsigned operation, void* argument, unsigned count) {
    if (operation == spargio::detail::abi::register_send_msg_ring) {
        if (options.missing.has(feature::register_message) || count != 1)
            return -EINVAL;
        return message(*static_cast<const ::io_uring_sqe*>(argument));
    }
    static constexpr std::array faulty = {-EINVAL, -ENOMEM};
    if (const auto fault = faults.meet("control", request_kind::any, faulty))
        return *fault;
    simulated_ring* ring = ring_of(descriptor);
    if (ring == nullptr)
        return world.find(descriptor) == nullptr ? -EBADF : -EOPNOTSUPP;
    if (ring->has(IORING_SETUP_SINGLE_ISSUER) && ring->owner != std::this_thread::get_id())
        return -EEXIST;

    switch (operation) {
    case IORING_REGISTER_PROBE:
        return probe(*static_cast<::io_uring_probe*>(argument), count, options.missing);
    case IORING_REGISTER_RING_FDS: {
        if (options.missing.has(feature::registered_ring))
            return -EINVAL;
        auto& update = *static_cast<::io_uring_rsrc_update*>(argument);
        update.offset = static_cast<unsigned>(ring->number() % 16);
        ring->registered = static_cast<int>(update.offset);
        return 1;
    }
    case IORING_UNREGISTER_RING_FDS:
        ring->registered = -1;
        return 1;
    case IORING_REGISTER_IOWQ_MAX_WORKERS:
        return count == 2 ? 0 : -EINVAL;
    case IORING_REGISTER_PBUF_RING:
        return provide_buffers(*ring, *static_cast<const ::io_uring_buf_reg*>(argument));
    case IORING_REGISTER_SYNC_CANCEL: {
        const auto& wanted = *static_cast<const ::io_uring_sync_cancel_reg*>(argument);
        if (wanted.flags != 0)
            return -EINVAL;
        bool target_first = false;
        return cancel(*ring, wanted.addr, target_first);
    }
    default:
        return -EINVAL;
    }
}

}  // namespace spargio::testing::detail
