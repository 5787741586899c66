// Messages, splices and polls against real sockets, pipes and files, on a real ring.

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "every_operation.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::ring_test {
namespace {

using testing::socket_pair;

class RealMessages : public ::testing::Test {
protected:
    template <class Operation, class... Arguments>
    int run(Arguments&&... arguments) {
        awaited<Operation> op(std::forward<Arguments>(arguments)...);
        return ring_.run(op);
    }
    /// A message of two pieces.
    static ::msghdr message_of(std::array<::iovec, 2>& pieces) {
        ::msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = pieces.size();
        return message;
    }
    stepped_ring ring_{system_kernel()};
    socket_pair pair_ = value_or_throw(socket_pair::unix_stream());
};

TEST_F(RealMessages, PiecesAreGatheredAndScattered) {
    char hello[] = "hello ";
    char world[] = "world";
    std::array<::iovec, 2> out{{{hello, 6}, {world, 5}}};
    const ::msghdr sent = message_of(out);
    EXPECT_EQ(run<sendmsg_operation>(pair_.first(), &sent), 11);
    std::array<char, 3> head{};
    std::array<char, 20> tail{};
    std::array<::iovec, 2> in{{{head.data(), head.size()}, {tail.data(), tail.size()}}};
    ::msghdr received = message_of(in);
    EXPECT_EQ(run<recvmsg_operation>(pair_.second(), &received), 11);
    EXPECT_EQ(std::string(head.data(), 3) + tail.data(), "hello world");
    ::close(pair_.release_second());
    EXPECT_EQ(run<sendmsg_operation>(pair_.first(), &sent), -EPIPE);
}

TEST_F(RealMessages, DescriptorsThatComeAlongCloseOnExec) {
    alignas(::cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    char byte = 'x';
    std::array<::iovec, 2> pieces{{{&byte, 1}, {nullptr, 0}}};
    ::msghdr sent = message_of(pieces);
    sent.msg_control = control.data();
    sent.msg_controllen = control.size();
    ::cmsghdr& header = *CMSG_FIRSTHDR(&sent);
    header.cmsg_level = SOL_SOCKET;
    header.cmsg_type = SCM_RIGHTS;
    header.cmsg_len = CMSG_LEN(sizeof(int));
    const int passed = pair_.first();
    std::memcpy(CMSG_DATA(&header), &passed, sizeof passed);
    EXPECT_EQ(run<sendmsg_operation>(pair_.first(), &sent), 1);
    control = {};
    ::msghdr received = message_of(pieces);
    received.msg_control = control.data();
    received.msg_controllen = control.size();
    EXPECT_EQ(run<recvmsg_operation>(pair_.second(), &received), 1);
    int number = -1;
    std::memcpy(&number, CMSG_DATA(CMSG_FIRSTHDR(&received)), sizeof number);
    EXPECT_EQ(::fcntl(number, F_GETFD), FD_CLOEXEC);
    ::close(number);
}

/// Splices bytes 2 to 6 of a file into `to`.
void splice_a_file_into(int to) {
    stepped_ring ring(system_kernel());
    const auto splice = [&](int from, std::int64_t offset, int into, unsigned size) {
        awaited<splice_operation> op(from, offset, into, splice_operation::no_offset, size);
        return ring.run(op);
    };
    const int file = ::memfd_create("spargio", MFD_CLOEXEC);
    ASSERT_EQ(::write(file, "0123456789", 10), 10);
    int pipe[2];
    ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    EXPECT_EQ(splice(file, 2, pipe[1], 5), 5);
    EXPECT_EQ(splice(pipe[0], splice_operation::no_offset, to, 100), 5);
    EXPECT_EQ(splice(file, 10, pipe[1], 5), 0);
    for (const int each : {file, pipe[0], pipe[1]})
        ::close(each);
}

TEST_F(RealMessages, SpliceMovesAFileThroughAPipeToASocket) {
    // On a thread of its own: it leaves a kernel worker behind for as long as the thread lives,
    // which others count.
    std::thread(splice_a_file_into, pair_.first()).join();
    std::array<std::byte, 16> buffer{};
    EXPECT_EQ(run<recv_operation>(pair_.second(), buffer), 5);
    EXPECT_EQ(text_of(std::span(buffer).first(5)), "23456");
}

TEST_F(RealMessages, PollWaitsUntilThereIsSomethingToRead) {
    awaited<poll_operation> readable(pair_.first(), unsigned{POLLIN});
    ring_->submit(readable.op);
    ring_.turn();
    EXPECT_FALSE(readable.done());
    EXPECT_EQ(run<poll_operation>(pair_.first(), unsigned{POLLOUT}), POLLOUT);
    EXPECT_EQ(run<send_operation>(pair_.second(), bytes_of("x")), 1);
    EXPECT_EQ(ring_.finish(readable), POLLIN);
    ::close(pair_.release_second());
    EXPECT_EQ(run<poll_operation>(pair_.first(), 0u) & POLLHUP, POLLHUP);
}

}  // namespace
}  // namespace spargio::ring_test
