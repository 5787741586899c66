// Cancels against the real kernel: what only it can show.

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>

#include "every_operation.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::ring_test {
namespace {

using testing::socket_pair;

const kernel_case real_kernels[] = {
    {"real", true},
    {"real_deferred", true, true},
    {"real_plain", true, false, {feature::cooperative_taskrun}},
};

class RealCancel : public OnEveryKernel {
protected:
    std::array<std::byte, 16> buffer_{};
};

TEST_P(RealCancel, OfWhatWaitsForAPeer) {
    stepped_ring ring(entry(), small());
    socket_pair pair = value_or_throw(socket_pair::tcp());
    sockaddr_in address{};
    address.sin_family = AF_INET;
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    int pipe_ends[2];
    ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);

    awaited<recv_operation> receive(pair.first(), buffer_);
    awaited<accept_operation> accept(listener);
    awaited<read_operation> read(pipe_ends[0], buffer_, 0u);
    socket_pair local = value_or_throw(socket_pair::unix_stream());
    const std::string much(4 << 20, 'x');
    awaited<send_operation> send(local.second(), bytes_of(much));
    for (operation* op : {static_cast<operation*>(&receive.op), static_cast<operation*>(&accept.op),
                          static_cast<operation*>(&read.op)})
        ring->submit(*op);
    ring.turn();
    for (operation* op : {static_cast<operation*>(&receive.op), static_cast<operation*>(&accept.op),
                          static_cast<operation*>(&read.op)})
        ring->cancel(*op);
    EXPECT_EQ(ring.finish(receive), -ECANCELED);
    EXPECT_EQ(ring.finish(accept), -ECANCELED);
    EXPECT_EQ(ring.finish(read), -ECANCELED);

    // A send that has moved some bytes says how many, cancelled or not.
    ring->submit(send.op);
    ring.turn();
    ring->cancel(send.op);
    const int sent = ring.finish(send);
    EXPECT_GT(sent, 0);
    std::size_t there = 0;
    std::array<char, 65'536> sink;
    ::shutdown(local.second(), SHUT_WR);
    for (ssize_t n = 0; (n = ::recv(local.first(), sink.data(), sink.size(), 0)) > 0;)
        there += static_cast<std::size_t>(n);
    EXPECT_EQ(there, static_cast<std::size_t>(sent));
    for (const int descriptor : {listener, pipe_ends[0], pipe_ends[1]})
        ::close(descriptor);
}

TEST_P(RealCancel, BytesThatCameAreNeverLost) {
    stepped_ring ring(entry(), small());
    socket_pair pair = value_or_throw(socket_pair::unix_stream());
    for (unsigned round = 0; round < 2000; ++round) {
        awaited<recv_operation> receive(pair.first(), std::span(buffer_).first(1));
        ring->submit(receive.op);
        if (round % 3 != 0)
            ring.turn();
        const char byte = static_cast<char>(round);
        ASSERT_EQ(::write(pair.second(), &byte, 1), 1);
        if (round % 2 == 0)
            ring->cancel(receive.op);
        if (const int outcome = ring.finish(receive); outcome == -ECANCELED) {
            ASSERT_EQ(::read(pair.first(), buffer_.data(), 1), 1);
        } else {
            ASSERT_EQ(outcome, 1);
        }
        ASSERT_EQ(static_cast<char>(buffer_[0]), byte);
    }
}

TEST_P(RealCancel, StormOnAcceptAndOpenKeepsTheDescriptors) {
    stepped_ring ring(entry(), small());
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(listener, generic, size), 0);
    ASSERT_EQ(::listen(listener, 64), 0);
    ASSERT_EQ(::getsockname(listener, generic, &size), 0);

    const std::size_t before = open_descriptors();
    unsigned made = 0;
    for (unsigned round = 0; round < 500; ++round) {
        const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        awaited<accept_operation> accept(listener);
        awaited<open_operation> open("/dev/null", O_RDONLY | O_CLOEXEC, 0u);
        ring->submit(accept.op);
        ring->submit(open.op);
        if (round % 2 == 0)
            ring.turn();
        ::connect(client, generic, size);
        if (round % 3 == 0)
            ring.turn();
        ring->cancel(accept.op);
        ring->cancel(open.op);
        for (const int outcome : {ring.finish(accept), ring.finish(open)}) {
            ASSERT_TRUE(outcome >= 0 || outcome == -ECANCELED) << outcome;
            if (outcome >= 0) {
                ++made;
                ::close(outcome);
            }
        }
        ::close(client);
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_GT(made, 0u);
    ::close(listener);
}

INSTANTIATE_TEST_SUITE_P(Kernels, RealCancel, ::testing::ValuesIn(real_kernels), name_of);

/// The threads this process has in the kernel's worker pool.
std::size_t kernel_workers() {
    std::size_t count = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string name;
        std::getline(std::ifstream(task.path() / "comm"), name);
        count += name.starts_with("iou-wrk");
    }
    return count;
}

TEST(KernelWorkers, AreNoMoreThanAskedForAndCanBeInterrupted) {
    char directory[] = "/tmp/spargio_ring_XXXXXX";
    ASSERT_NE(::mkdtemp(directory), nullptr);
    const std::string fifo = std::string(directory) + "/fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    {
        stepped_ring ring(system_kernel(), {.entries = 64, .cq_entries = 64, .io_workers = 3});
        // Opening a pipe nobody writes to blocks, and only a kernel thread may block; O_CREAT keeps
        // the ring from trying it without.
        std::deque<awaited<open_operation>> opens;
        for (unsigned i = 0; i < 40; ++i) {
            opens.emplace_back(fifo.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600u);
            ring->submit(opens.back().op);
        }
        ring.turn();
        std::size_t most = 0;
        while (most < 3) {
            most = std::max(most, kernel_workers());
            ring.wait(1'000'000);
        }
        for (unsigned i = 0; i < 20; ++i) {
            ring.wait(1'000'000);
            most = std::max(most, kernel_workers());
        }
        EXPECT_EQ(most, 3u);
        for (auto& open : opens)
            ring->cancel(open.op);
        for (auto& open : opens)
            EXPECT_EQ(ring.finish(open), -ECANCELED);
        EXPECT_LE(kernel_workers(), 3u);
    }
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace spargio::ring_test
