#include "simulated_operations.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "spargio/fs/file.hpp"
#include "spargio/fs/path.hpp"
#include "spargio/ring/ops/accept.hpp"
#include "spargio/ring/ops/connect.hpp"
#include "spargio/ring/ops/poll.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/ring/ops/recvmsg.hpp"
#include "spargio/ring/ops/send.hpp"
#include "spargio/ring/ops/sendmsg.hpp"
#include "spargio/ring/ops/shutdown.hpp"
#include "spargio/ring/ops/splice.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio::trap_test {
namespace {

using detail::await_operation;
using detail::decode_count;
using detail::decode_nothing;

template <class T>
result<void> without_value(const result<T>& answer) {
    if (!answer)
        return failure(answer.error());
    return {};
}

// Sockets of the simulation mean nothing to the calls that make streams, so their operations are
// awaited as streams await them. Files are files.

task<result<void>> receive(simulated_scene& scene) {
    const std::byte sent{1};
    scene.kernel.write(scene.pair.second, std::span(&sent, 1));
    std::array<std::byte, 8> buffer;
    detail::attempt_history history;
    co_return without_value(co_await await_operation<recv_operation>(
        decode_count(), &history, scene.pair.first, std::span<std::byte>(buffer)));
}

task<result<void>> send(simulated_scene& scene) {
    const std::array<std::byte, 8> buffer{};
    detail::attempt_history history;
    co_return without_value(co_await await_operation<send_operation>(
        decode_count(), &history, scene.pair.first, std::span<const std::byte>(buffer)));
}

/// A message of two pieces.
struct two_pieces {
    two_pieces() {
        message.msg_iov = pieces.data();
        message.msg_iovlen = pieces.size();
    }
    std::array<std::byte, 8> buffer{};
    std::array<::iovec, 2> pieces{{{buffer.data(), 3}, {buffer.data() + 3, 5}}};
    ::msghdr message{};
};

task<result<void>> receive_message(simulated_scene& scene) {
    const std::byte sent{1};
    scene.kernel.write(scene.pair.second, std::span(&sent, 1));
    two_pieces received;
    detail::attempt_history history;
    co_return without_value(co_await await_operation<recvmsg_operation>(
        decode_count(), &history, scene.pair.first, &received.message));
}

task<result<void>> send_message(simulated_scene& scene) {
    two_pieces sent;
    detail::attempt_history history;
    co_return without_value(co_await await_operation<sendmsg_operation>(
        decode_count(), &history, scene.pair.first, &sent.message));
}

task<result<void>> splice(simulated_scene& scene) {
    const std::byte sent{1};
    scene.kernel.write(scene.pair.second, std::span(&sent, 1));
    const auto sink = scene.kernel.stream_pair();
    constexpr auto none = splice_operation::no_offset;
    const auto answer = co_await await_operation<splice_operation>(
        decode_count(), nullptr, scene.pair.first, none, sink.first, none, 8u);
    scene.kernel.close(sink.first);
    scene.kernel.close(sink.second);
    co_return without_value(answer);
}

task<result<void>> poll(simulated_scene& scene) {
    co_return without_value(co_await await_operation<poll_operation>(
        decode_count(), nullptr, scene.pair.first, unsigned{POLLOUT}));
}

task<result<void>> shut_down(simulated_scene& scene) {
    co_return co_await await_operation<shutdown_operation>(decode_nothing(), nullptr,
                                                           scene.pair.first, SHUT_WR);
}

task<result<void>> accept(simulated_scene& scene) {
    const int client = scene.kernel.socket();
    const auto* address = reinterpret_cast<const ::sockaddr*>(&scene.address);
    scene.kernel.connect(client, address, sizeof scene.address);
    const auto answer =
        co_await await_operation<accept_operation>(decode_count(), nullptr, scene.listener);
    if (answer)
        scene.kernel.close(static_cast<int>(*answer));
    scene.kernel.close(client);
    co_return without_value(answer);
}

task<result<void>> connect(simulated_scene& scene) {
    const int client = scene.kernel.socket();
    const auto* address = reinterpret_cast<const ::sockaddr*>(&scene.address);
    const auto answer = co_await await_operation<connect_operation>(
        decode_nothing(), nullptr, client, address, unsigned{sizeof scene.address});
    scene.kernel.close(client);
    co_return answer;
}

/// Opens a file for one operation on it, and closes it whatever that says.
template <class Operation>
task<result<void>> on_file(Operation operation) {
    auto file = co_await fs::file::open("/tmp/a", fs::open_options().read().write().create());
    if (!file)
        co_return failure(file.error());
    const result<void> answer = co_await operation(*file);
    const auto closed = co_await file->close();
    co_return answer ? closed : answer;
}

task<result<void>> read_file(fs::file& file) {
    std::array<std::byte, 8> buffer;
    co_return without_value(co_await file.read_at(buffer, 0));
}
task<result<void>> write_file(fs::file& file) {
    const std::array<std::byte, 8> buffer{};
    co_return without_value(co_await file.write_at(buffer, 0));
}
task<result<void>> sync_file(fs::file& file) {
    co_return co_await file.fsync();
}
task<result<void>> sync_data(fs::file& file) {
    co_return co_await file.fdatasync();
}
task<result<void>> ask_size(fs::file& file) {
    co_return without_value(co_await file.size());
}
task<result<void>> nothing(fs::file&) {
    co_return result<void>{};
}

template <auto operation>
task<result<void>> with_file(simulated_scene&) {
    return on_file(operation);
}

task<result<void>> rename(simulated_scene& scene) {
    scene.kernel.put_file("/tmp/old", {});
    return fs::rename("/tmp/old", "/tmp/new");
}
task<result<void>> unlink(simulated_scene& scene) {
    scene.kernel.put_file("/tmp/old", {});
    return fs::remove_file("/tmp/old");
}
task<result<void>> make_directory(simulated_scene&) {
    static int made = 0;
    return fs::create_dir("/tmp/d" + std::to_string(++made));
}

}  // namespace

simulated_scene::simulated_scene(testing::simulated_kernel& simulated)
    : kernel(simulated), pair(kernel.stream_pair()), datagrams(kernel.datagram_pair()) {
    address.sin_family = AF_INET;
    address.sin_port = 1;
    listener = kernel.listen(reinterpret_cast<const ::sockaddr*>(&address), sizeof address);
}

const std::vector<simulated_operation>& simulated_operations() {
    using testing::request_kind;
    static const std::vector<simulated_operation> all = {
        {"recv", request_kind::recv, receive},
        {"send", request_kind::send, send},
        {"recvmsg", request_kind::recvmsg, receive_message},
        {"sendmsg", request_kind::sendmsg, send_message},
        {"splice", request_kind::splice, splice},
        {"poll", request_kind::poll, poll},
        {"shutdown", request_kind::shutdown, shut_down},
        {"accept", request_kind::accept, accept},
        {"connect", request_kind::connect, connect},
        {"open", request_kind::open, with_file<nothing>},
        {"close", request_kind::close, with_file<nothing>},
        {"read", request_kind::read, with_file<read_file>},
        {"write", request_kind::write, with_file<write_file>},
        {"fsync", request_kind::fsync, with_file<sync_file>},
        {"fdatasync", request_kind::fsync, with_file<sync_data>},
        {"statx", request_kind::file_status, with_file<ask_size>},
        {"rename", request_kind::rename, rename},
        {"unlink", request_kind::unlink, unlink},
        {"mkdir", request_kind::make_directory, make_directory},
    };
    return all;
}

}  // namespace spargio::trap_test
