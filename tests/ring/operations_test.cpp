// Every operation against real sockets and files, on a real ring.

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "every_operation.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::ring_test {
namespace {

using testing::socket_pair;

class RealRing : public ::testing::Test {
protected:
    template <class Operation, class... Arguments>
    int run(Arguments&&... arguments) {
        awaited<Operation> op(std::forward<Arguments>(arguments)...);
        return ring_.run(op);
    }
    stepped_ring ring_{system_kernel()};
    std::array<std::byte, 64> buffer_{};
};

class RealSockets : public RealRing {
protected:
    socket_pair pair_ = value_or_throw(socket_pair::tcp());
};

TEST_F(RealSockets, SendThenReceive) {
    EXPECT_EQ(run<send_operation>(pair_.first(), bytes_of("hello")), 5);
    EXPECT_EQ(run<recv_operation>(pair_.second(), buffer_), 5);
    EXPECT_EQ(text_of(std::span(buffer_).first(5)), "hello");
}

TEST_F(RealSockets, ReceiveWaitsForTheSend) {
    awaited<recv_operation> receive(pair_.second(), buffer_);
    ring_->submit(receive.op);
    ring_.turn();
    EXPECT_FALSE(receive.done());
    EXPECT_EQ(run<send_operation>(pair_.first(), bytes_of("hello")), 5);
    EXPECT_EQ(ring_.finish(receive), 5);
}

TEST_F(RealSockets, ShutdownIsTheEndOfTheStream) {
    EXPECT_EQ(run<send_operation>(pair_.first(), bytes_of("last")), 4);
    EXPECT_EQ(run<shutdown_operation>(pair_.first(), SHUT_WR), 0);
    EXPECT_EQ(run<recv_operation>(pair_.second(), buffer_), 4);
    EXPECT_EQ(run<recv_operation>(pair_.second(), buffer_), 0);
    EXPECT_EQ(run<send_operation>(pair_.first(), bytes_of("late")), -EPIPE);
}

TEST_F(RealSockets, CloseClosesAndCancelsNothing) {
    EXPECT_EQ(run<close_operation>(pair_.release_first()), 0);
    EXPECT_EQ(run<recv_operation>(pair_.second(), buffer_), 0);
    EXPECT_EQ(run<close_operation>(1 << 20), -EBADF);

    // A receive under way keeps the socket: the descriptor's number is free, the peer sees nothing.
    socket_pair other = value_or_throw(socket_pair::tcp());
    awaited<recv_operation> receive(other.second(), buffer_);
    ring_->submit(receive.op);
    ring_.turn();
    EXPECT_EQ(run<close_operation>(other.release_second()), 0);
    EXPECT_EQ(run<send_operation>(other.first(), bytes_of("still")), 5);
    EXPECT_EQ(ring_.finish(receive), 5);
}

TEST_F(RealSockets, ShortTransfersAddUpToEveryByte) {
    socket_pair narrow = value_or_throw(socket_pair::tcp(4096));
    constexpr std::size_t total = 1 << 20;
    std::string sent(total, '\0');
    for (std::size_t i = 0; i < total; ++i)
        sent[i] = static_cast<char>(i * 31 >> 3);
    std::string received(total, '\0');
    std::size_t out = 0;
    std::size_t in = 0;
    unsigned short_sends = 0;
    std::optional<awaited<send_operation>> send;
    std::optional<awaited<recv_operation>> receive;
    while (in < total) {
        if (!send && out < total) {
            send.emplace(narrow.first(), bytes_of(sent).subspan(out));
            ring_->submit(send->op);
        }
        if (!receive) {
            receive.emplace(narrow.second(),
                            std::as_writable_bytes(std::span(received)).subspan(in));
            ring_->submit(receive->op);
        }
        ring_.wait();
        if (send && send->done()) {
            ASSERT_GT(send->op.outcome(), 0);
            out += static_cast<std::size_t>(send->op.outcome());
            short_sends += out < total;
            send.reset();
        }
        if (receive->done()) {
            ASSERT_GT(receive->op.outcome(), 0);
            in += static_cast<std::size_t>(receive->op.outcome());
            receive.reset();
        }
    }
    EXPECT_GT(short_sends, 0u);
    EXPECT_TRUE(sent == received);
}

TEST_F(RealRing, AcceptAndConnect) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(listener, generic, size), 0);
    ASSERT_EQ(::listen(listener, 8), 0);
    ASSERT_EQ(::getsockname(listener, generic, &size), 0);

    awaited<accept_operation> accept(listener);
    ring_->submit(accept.op);
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(run<connect_operation>(client, generic, unsigned{size}), 0);
    const int server = ring_.finish(accept);
    ASSERT_GE(server, 0);
    EXPECT_EQ(::fcntl(server, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(run<send_operation>(client, bytes_of("hi")), 2);
    EXPECT_EQ(run<recv_operation>(server, buffer_), 2);
    for (const int descriptor : {client, server, listener})
        EXPECT_EQ(run<close_operation>(descriptor), 0);

    const int lonely = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(run<connect_operation>(lonely, generic, unsigned{size}), -ECONNREFUSED);
    ::close(lonely);
}

class RealFiles : public RealRing {
protected:
    void SetUp() override {
        char name[] = "/tmp/spargio_ring_XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        directory_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }
    [[nodiscard]] std::string path(const char* name) const { return directory_ + '/' + name; }

    std::string directory_;
};

TEST_F(RealFiles, OpenWriteSyncReadClose) {
    const std::string name = path("file");
    EXPECT_EQ(run<open_operation>(name.c_str(), O_RDWR, 0u), -ENOENT);
    const int file =
        run<open_operation>(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600u);
    ASSERT_GE(file, 0);
    EXPECT_EQ(run<open_operation>(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600u), -EEXIST);
    EXPECT_EQ(run<write_operation>(file, bytes_of("hello world"), 0u), 11);
    EXPECT_EQ(run<write_operation>(file, bytes_of("W"), 6u), 1);
    EXPECT_EQ(run<fsync_operation>(file, false), 0);
    EXPECT_EQ(run<fsync_operation>(file, true), 0);
    EXPECT_EQ(run<read_operation>(file, buffer_, 6u), 5);
    EXPECT_EQ(text_of(std::span(buffer_).first(5)), "World");
    EXPECT_EQ(run<read_operation>(file, buffer_, 11u), 0);
    struct ::statx status {};
    EXPECT_EQ(run<file_status_operation>(file, &status), 0);
    EXPECT_EQ(status.stx_size, 11u);
    EXPECT_EQ(status.stx_mode & 0777, 0600);
    EXPECT_EQ(run<close_operation>(file), 0);
    EXPECT_EQ(run<read_operation>(file, buffer_, 0u), -EBADF);
}

TEST_F(RealFiles, RenameReplacesAndUnlinkRemoves) {
    const std::string from = path("from");
    const std::string to = path("to");
    for (const std::string& name : {from, to})
        ::close(::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    EXPECT_EQ(run<rename_operation>(from.c_str(), to.c_str()), 0);
    EXPECT_FALSE(std::filesystem::exists(from));
    EXPECT_TRUE(std::filesystem::exists(to));
    EXPECT_EQ(run<rename_operation>(from.c_str(), to.c_str()), -ENOENT);
    EXPECT_EQ(run<unlink_operation>(to.c_str(), true), -ENOTDIR);
    EXPECT_EQ(run<unlink_operation>(to.c_str(), false), 0);
    EXPECT_EQ(run<unlink_operation>(to.c_str(), false), -ENOENT);
}

TEST_F(RealFiles, DirectoriesAreMadeAndRemoved) {
    const std::string made = path("made");
    EXPECT_EQ(run<make_directory_operation>(made.c_str(), 0700u), 0);
    EXPECT_TRUE(std::filesystem::is_directory(made));
    EXPECT_EQ(run<make_directory_operation>(made.c_str(), 0700u), -EEXIST);
    EXPECT_EQ(run<unlink_operation>(made.c_str(), false), -EISDIR);
    const std::string inside = made + "/file";
    ::close(::open(inside.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    EXPECT_EQ(run<unlink_operation>(made.c_str(), true), -ENOTEMPTY);
    EXPECT_EQ(run<unlink_operation>(inside.c_str(), false), 0);
    EXPECT_EQ(run<unlink_operation>(made.c_str(), true), 0);
    EXPECT_FALSE(std::filesystem::exists(made));
}

TEST_F(RealFiles, RequestsLongerThanTheKernelTakesAreCut) {
    EXPECT_EQ(request_size(5), 5u);
    EXPECT_EQ(request_size(std::size_t{1} << 40), max_request_bytes);
}

/// With the default disposition a signal would end the process: in a child of its own.
[[noreturn]] void send_to_a_closed_peer(bool attempt_first) {
    std::signal(SIGPIPE, SIG_DFL);
    socket_pair pair = value_or_throw(socket_pair::unix_stream());
    ::close(pair.release_second());
    stepped_ring ring(system_kernel());
    awaited<send_operation> send(pair.first(), bytes_of("hello"));
    if (attempt_first ? !ring->attempt(send.op) : ring.run(send) == 0)
        std::_Exit(1);
    std::_Exit(send.op.outcome() == -EPIPE ? 0 : 2);
}

TEST(SigpipeDeathTest, AClosedPeerIsAnErrorAndNoSignal) {
    EXPECT_EXIT(send_to_a_closed_peer(false), ::testing::ExitedWithCode(0), "");
    EXPECT_EXIT(send_to_a_closed_peer(true), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace spargio::ring_test
