// What programs call on sockets, on descriptors of the simulated kernel, which mean nothing to the
// system calls that make sockets otherwise.

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <concepts>
#include <utility>

#include "../net/watched_bytes.hpp"
#include "simulated_operations.hpp"
#include "spargio/net/accept_stream.hpp"
#include "spargio/net/connected_stream.hpp"
#include "spargio/net/datagram_socket.hpp"
#include "spargio/net/datagram_stream.hpp"
#include "spargio/net/detail/pass_descriptors.hpp"
#include "spargio/net/stream_listener.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/shard/buffer_pool.hpp"
#include "spargio/time/sleep.hpp"
#include "trap_steps.hpp"

namespace spargio::trap_test {
namespace {

/// A `Socket` with a number of the simulation's, which it does not close.
template <class Socket, class Extra>
class simulated_socket : public Socket {
public:
    explicit simulated_socket(int number, Extra extra = {}) : Socket(descriptor(number), extra) {}
    simulated_socket(simulated_socket&&) noexcept = default;
    ~simulated_socket() { (void)this->descriptor_.release(); }
};
using simulated_stream = simulated_socket<connected_stream, unsigned>;
using simulated_datagrams = simulated_socket<datagram_socket, bool>;

/// What an accept makes of the simulation's connection.
struct simulated_connection {
    static simulated_connection made(descriptor connected, unsigned) noexcept {
        return {connected.release()};
    }
    int number;
};

class simulated_listener : public stream_listener<simulated_connection> {
public:
    explicit simulated_listener(int number) : stream_listener(descriptor(number)) {}
    ~simulated_listener() { (void)descriptor_.release(); }
};

result<void> without_value(const auto& answer) {
    if (!answer)
        return failure(answer.error());
    return {};
}

/// There are `count` bytes to be read, and perhaps more.
void peer_writes(simulated_scene& scene, std::size_t count) {
    scene.kernel.write(scene.pair.second, pattern(count));
}
void peer_sends(simulated_scene& scene, std::size_t count) {
    scene.kernel.write(scene.datagrams.second, pattern(count));
}

// --- streams -------------------------------------------------------------------------------------

/// Does `operation` on a stream that has bytes to be read and room to write.
template <auto operation>
task<result<void>> on_stream(simulated_scene& scene) {
    peer_writes(scene, 8);
    simulated_stream stream(scene.pair.first);
    co_return co_await operation(stream);
}

task<result<void>> read_some(connected_stream& stream) {
    std::array<std::byte, 8> buffer;
    co_return without_value(co_await stream.read_some(buffer));
}
task<result<void>> peek(connected_stream& stream) {
    std::array<std::byte, 8> buffer;
    co_return without_value(co_await stream.peek(buffer));
}
task<result<void>> read_exact(connected_stream& stream) {
    std::array<std::byte, 8> buffer;
    co_return co_await stream.read_exact(buffer);
}
task<result<void>> read_owned(connected_stream& stream) {
    const auto read = co_await stream.read_exact_owned(std::vector<std::byte>(8));
    EXPECT_EQ(read.buffer.size(), 8u) << "the buffer comes back whatever happens";
    co_return read.outcome;
}
task<result<void>> write_some(connected_stream& stream) {
    const auto bytes = pattern(8);
    co_return without_value(co_await stream.write_some(bytes));
}
task<result<void>> write_all(connected_stream& stream) {
    const auto bytes = pattern(8);
    co_return co_await stream.write_all(bytes);
}
task<result<void>> write_owned(connected_stream& stream) {
    const auto written = co_await stream.write_all_owned(pattern(8));
    EXPECT_EQ(written.buffer, pattern(8)) << "the buffer comes back whatever happens";
    co_return written.outcome;
}
task<result<void>> read_vectored(connected_stream& stream) {
    std::array<std::byte, 8> buffer;
    const std::array pieces = {std::span(buffer).first(3), std::span(buffer).subspan(3)};
    co_return co_await stream.read_exact_vectored(pieces);
}
task<result<void>> write_vectored(connected_stream& stream) {
    const auto bytes = pattern(8);
    const std::array pieces = {std::span(bytes).first(3), std::span(bytes).subspan(3)};
    co_return without_value(co_await stream.write_vectored(pieces));
}
task<result<void>> send_batch(connected_stream& stream) {
    const auto bytes = pattern(8);
    const std::array pieces = {std::span(bytes).first(3), std::span(bytes).subspan(3)};
    co_return co_await stream.send_all_batch(pieces);
}
task<result<void>> shut_down(connected_stream& stream) {
    co_return co_await stream.shutdown(shutdown_how::write);
}

task<result<void>> send_descriptors(simulated_scene& scene) {
    const std::array<std::byte, 1> byte{};
    const std::array numbers = {scene.listener};
    co_return without_value(
        co_await detail::send_with_descriptors(scene.pair.first, nullptr, byte, numbers));
}
task<result<void>> receive_descriptors(simulated_scene& scene) {
    peer_writes(scene, 1);
    std::array<std::byte, 8> buffer;
    co_return without_value(
        co_await detail::receive_with_descriptors(scene.pair.first, nullptr, buffer, 2));
}

/// Waits, a bounded while, for what goes on after its answer: it takes its time, which passes in
/// sleeps alone.
task<void> wait_until(auto condition) {
    for (int naps = 0; !condition() && naps < 1000; ++naps)
        (void)co_await sleep_for(std::chrono::microseconds(50));
    EXPECT_TRUE(condition());
}

/// Bytes that are lent are given back whatever is answered.
task<result<void>> send_zero_copy(simulated_scene& scene) {
    std::vector<std::byte> drained(zero_copy_sender::least_bytes);
    while (scene.kernel.read(scene.pair.second, drained) > 0) {
    }
    simulated_stream stream(scene.pair.first);
    std::atomic<int> alive = 0;
    const auto answer = co_await stream.write_all_zero_copy(
        net_test::watched_bytes(pattern(zero_copy_sender::least_bytes), alive));
    co_await wait_until([&] { return alive == 0; });
    co_return answer;
}

// --- listeners -----------------------------------------------------------------------------------

/// Connects, does `operation`, which accepts the connection and closes it, and closes the other
/// end.
template <auto operation>
task<result<void>> with_connection(simulated_scene& scene) {
    const int client = scene.kernel.socket();
    const auto* address = reinterpret_cast<const ::sockaddr*>(&scene.address);
    scene.kernel.connect(client, address, sizeof scene.address);
    const result<void> answer = co_await operation(scene);
    scene.kernel.close(client);
    co_return answer;
}

task<result<void>> accept(simulated_scene& scene) {
    simulated_listener listener(scene.listener);
    const auto connection = co_await listener.accept();
    const int number = connection ? connection->number : scene.kernel.accept(scene.listener);
    EXPECT_GE(number, 0) << "the connection was lost to an error, " << scene.kernel.describe();
    scene.kernel.close(number);
    co_return without_value(connection);
}

/// After an error the stream goes on.
task<result<void>> accept_from_stream(simulated_scene& scene) {
    accept_stream stream(scene.listener);
    auto connection = co_await stream.next();
    const result<void> answer = without_value(connection);
    if (!connection)
        connection = co_await stream.next();
    EXPECT_TRUE(connection) << scene.kernel.describe();
    if (connection)
        scene.kernel.close(connection->release());
    // Its request would take the next one's connection otherwise.
    stream.request_end();
    EXPECT_EQ((co_await stream.next()).error(), errc::end_of_stream);
    co_return answer;
}

// --- datagrams, and streams of what is received --------------------------------------------------

/// Does `operation` on a socket that has bytes to be read and room to write.
template <auto operation>
task<result<void>> on_datagrams(simulated_scene& scene) {
    peer_sends(scene, 8);
    simulated_datagrams socket(scene.datagrams.first, true);
    co_return co_await operation(socket);
}

task<result<void>> send_to(datagram_socket& socket) {
    const auto bytes = pattern(8);
    co_return without_value(co_await socket.send_to(bytes, socket_address::loopback_v4(1)));
}
task<result<void>> recv_from(datagram_socket& socket) {
    std::array<std::byte, 8> buffer;
    co_return without_value(co_await socket.recv_from(buffer));
}
task<result<void>> recv_datagram(datagram_socket& socket) {
    std::array<std::byte, 8> buffer;
    co_return without_value(co_await socket.recv(buffer));
}

bool is_end(const buffer_lease& lease) {
    return lease.empty();
}
bool is_end(const leased_datagram& datagram) {
    return datagram.none();
}

/// Takes one of what `Stream` receives. After an error the stream goes on, and no buffer is lost.
template <class Stream>
task<result<void>> take_one(simulated_scene& scene) {
    constexpr bool of_bytes = std::same_as<Stream, receive_stream>;
    of_bytes ? peer_writes(scene, 8) : peer_sends(scene, 8);
    auto stream = Stream::open((of_bytes ? scene.pair : scene.datagrams).first);
    if (!stream)
        co_return failure(stream.error());
    result<void> answer;
    {
        auto taken = co_await stream->next();
        answer = without_value(taken);
        if (!taken)
            taken = co_await stream->next();
        EXPECT_TRUE(taken && !is_end(*taken)) << scene.kernel.describe();
        stream->request_end();
        while (taken && !is_end(*taken))
            taken = co_await stream->next();
    }
    const buffer_pool* pool = shard::current()->buffers_in_use();
    co_await wait_until([&] { return pool->ledger().leased == 0; });
    co_return answer;
}

}  // namespace

std::vector<simulated_operation> simulated_socket_operations() {
    using testing::request_kind;
    return {
        {"read_some", request_kind::recv, on_stream<read_some>},
        {"peek", request_kind::recv, on_stream<peek>},
        {"read_exact", request_kind::recv, on_stream<read_exact>},
        {"read_exact_owned", request_kind::recv, on_stream<read_owned>},
        {"read_exact_vectored", request_kind::recvmsg, on_stream<read_vectored>},
        {"write_some", request_kind::send, on_stream<write_some>},
        {"write_all", request_kind::send, on_stream<write_all>},
        {"write_all_owned", request_kind::send, on_stream<write_owned>},
        {"write_vectored", request_kind::sendmsg, on_stream<write_vectored>},
        {"send_all_batch", request_kind::sendmsg, on_stream<send_batch>},
        {"shutdown_stream", request_kind::shutdown, on_stream<shut_down>},
        {"write_all_zero_copy",
         request_kind::send_zc,
         send_zero_copy,
         {ENOBUFS, ENOMEM, EOPNOTSUPP, EINVAL}},
        {"send_descriptors", request_kind::sendmsg, send_descriptors},
        {"receive_descriptors", request_kind::recvmsg, receive_descriptors},
        {"accept_stream_socket", request_kind::accept, with_connection<accept>},
        {"accept_many",
         request_kind::accept,
         with_connection<accept_from_stream>,
         {ECANCELED, EINTR, EINVAL}},
        {"send_to", request_kind::sendmsg, on_datagrams<send_to>},
        {"recv_from", request_kind::recvmsg, on_datagrams<recv_from>},
        {"recv_datagram", request_kind::recv, on_datagrams<recv_datagram>},
        {"receive_stream",
         request_kind::recv,
         take_one<receive_stream>,
         {ECANCELED, EINTR, EAGAIN, ENOBUFS, EINVAL}},
        {"datagram_stream",
         request_kind::recvmsg,
         take_one<datagram_stream>,
         {ECANCELED, EINTR, EAGAIN, ENOBUFS, EINVAL}},
    };
}

}  // namespace spargio::trap_test
