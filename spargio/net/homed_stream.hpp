#pragma once

#include <cerrno>
#include <concepts>
#include <utility>
#include <vector>

#include "spargio/core/when_all.hpp"
#include "spargio/net/connected_stream.hpp"
#include "spargio/net/session_policy.hpp"
#include "spargio/ring/ops/connect.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace spargio {

/// One of the connections connect_many() makes.
struct connect_request {
    socket_address address;
    session_policy policy = session_policy::context_preferred();
};

/// A connection with a home shard: how streams come about, and where their sessions run. Base of
/// `Stream`, which is a tcp_stream or unix_stream.
template <class Stream>
class homed_stream : public connected_stream {
public:
    /// Connects. Errors: std::errc::connection_refused, timed_out, network_unreachable,
    /// too_many_files_open, address_family_not_supported, ...; errc::no_such_shard. A cancel closes
    /// the socket. Source: socket(2), connect(2).
    [[nodiscard]] static task<result<Stream>>
    connect(socket_address address, session_policy policy = session_policy::context_preferred()) {
        const auto home = policy.choose();
        if (!home)
            co_return failure(home.error());
        if (!Stream::is_of(address.family()))
            co_return failure(EAFNOSUPPORT);
        auto socket = basic_socket::open(address.family(), SOCK_STREAM);
        if (!socket)
            co_return failure(socket.error());
        const auto connected = co_await detail::await_operation<connect_operation>(
            detail::decode_nothing(), nullptr, socket->get(), address.data(), address.size());
        if (!connected)
            co_return failure(connected.error());
        co_return made(std::move(*socket), *home);
    }

    /// Connects to all of them at once. \return what became of each, in their order; errors: as
    /// connect().
    [[nodiscard]] static task<std::vector<result<Stream>>>
    connect_many(std::vector<connect_request> requests) {
        std::vector<task<result<Stream>>> all;
        all.reserve(requests.size());
        for (const connect_request& each : requests)
            all.push_back(connect(each.address, each.policy));
        co_return co_await when_all(std::move(all));
    }

    /// Takes over a connected socket, which it makes blocking and close-on-exec: waiting is the
    /// ring's business. On an error `number` stays the caller's. \pre called on a shard
    [[nodiscard]] static result<Stream>
    from_fd(int number, session_policy policy = session_policy::context_preferred()) {
        const auto home = policy.choose();
        if (!home)
            return failure(home.error());
        if (auto prepared = basic_socket::prepare_adopted(number); !prepared)
            return failure(prepared.error());
        return Stream(descriptor(number), *home);
    }

    /// Moves the stream to its home shard and runs `session(stream)`, which returns a task, there.
    /// Errors: as runtime_handle::spawn(); the stream is closed then.
    template <class Session>
    requires std::invocable<Session&, Stream>
    auto spawn_on_session(Session session, spawn_options options = {}) && {
        return spawn_at(placement::pinned(session_shard()), std::move(session), options);
    }
    /// The same, but any shard may run the session's task when its home shard is busy; each
    /// operation goes through the ring of the shard it is awaited on.
    template <class Session>
    requires std::invocable<Session&, Stream>
    auto spawn_stealable_on_session(Session session, spawn_options options = {}) && {
        return spawn_at(placement::stealable_preferred(session_shard()), std::move(session),
                        options);
    }

protected:
    using connected_stream::connected_stream;

    /// A stream that has just come about here, with the settings new ones have.
    [[nodiscard]] static Stream made(descriptor connected, unsigned home) noexcept {
        Stream stream(std::move(connected), home);
        stream.set_defaults();
        return stream;
    }

private:
    template <class Session>
    auto spawn_at(placement where, Session session, spawn_options options) {
        auto start = [stream = static_cast<Stream&&>(*this),
                      session = std::move(session)]() mutable {
            return session(std::move(stream));
        };
        return this_runtime().spawn(where, std::move(start), options);
    }
};

}  // namespace spargio
