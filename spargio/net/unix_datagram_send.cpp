#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "spargio/io/descriptor.hpp"
#include "spargio/net/detail/unix_datagram_send.hpp"
#include "spargio/ring/ops/poll.hpp"
#include "spargio/ring/ops/sendmsg.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio::detail {
namespace {

/// Until what `socket` has sent takes less room, and its peer has some.
task<result<void>> room_of(int socket) {
    const auto ready = co_await await_operation<poll_operation>(decode_count(), nullptr, socket,
                                                                unsigned{POLLOUT});
    if (!ready)
        co_return failure(ready.error());
    co_return result<void>{};
}

/// Until there is room at `name`. A socket shows that of its peer only, so this takes one for it.
task<result<void>> room_at(const void* name, ::socklen_t size) {
    const descriptor there(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!there || ::connect(there.get(), static_cast<const ::sockaddr*>(name), size) < 0)
        co_return failure(errno);
    co_return co_await room_of(there.get());
}

}  // namespace

task<result<std::size_t>> send_unix_datagram(const basic_socket& from, attempt_history* history,
                                             const ::msghdr* message) {
    for (bool asks_there = message->msg_namelen != 0;;) {
        const auto sent = co_await await_operation<sendmsg_operation>(
            decode_count(), history, from.fd(), message, unsigned{MSG_DONTWAIT});
        if (sent || sent.error() != std::errc::resource_unavailable_try_again)
            co_return sent;
        // There may be no room there, or none here for what others have not received yet: in turn,
        // since this socket's may be that of another peer, with whom it is connected.
        auto waiting =
            asks_there ? room_at(message->msg_name, message->msg_namelen) : room_of(from.fd());
        const auto room = co_await std::move(waiting);
        if (!room)
            co_return failure(room.error());
        asks_there = !asks_there && message->msg_namelen != 0;
    }
}

}  // namespace spargio::detail
