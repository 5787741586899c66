// Writes that answer 0 though there was something to write, as a device or a file system may: who
// writes all of something tells it instead of trying for ever.

#include <gtest/gtest.h>
#include <poll.h>

#include "spargio/fs/file.hpp"
#include "spargio/net/send_file.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/net/unix_stream.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/testing/simulated_kernel.hpp"
#include "trap_steps.hpp"

namespace spargio::trap_test {
namespace {

using testing::request_kind;
using testing::simulated_kernel;

/// On a kernel that answers `answers` to requests of `kind`, one after the other, and knows none of
/// the descriptors: one request more is EBADF.
template <class Scenario>
void on_kernel_that_answers(request_kind kind, std::initializer_list<int> answers,
                            Scenario scenario) {
    simulated_kernel kernel;
    kernel.script({.kind = request_kind::poll, .result = POLLOUT});
    for (const int answer : answers)
        kernel.script({.kind = kind, .result = answer});
    auto own = *runtime_builder()
                    .shards(1)
                    .ring_entries(16)
                    .disable(feature::attempt_first)
                    .build_on(kernel);
    own.block_on(std::move(scenario));
    EXPECT_EQ(kernel.requests(kind), answers.size());
}

fs::file some_file() {
    return fs::file::from_fd(::dup(0));
}

TEST(NothingWritten, ToAFileIsTold) {
    on_kernel_that_answers(request_kind::write, {3, 0}, []() -> task<void> {
        fs::file file = some_file();
        EXPECT_EQ((co_await file.write_all_at(pattern(10), 0)).error(), errc::nothing_written);
    });
}

TEST(NothingWritten, OfNothingIsAllOfIt) {
    on_kernel_that_answers(request_kind::write, {0}, []() -> task<void> {
        fs::file file = some_file();
        EXPECT_TRUE(co_await file.write_all_at({}, 0));
        EXPECT_EQ(value_or_throw(co_await file.write_at(pattern(10), 0)), 0u);
    });
}

TEST(NothingWritten, ToAStreamIsTold) {
    on_kernel_that_answers(request_kind::send, {3, 0, 3, 0}, []() -> task<void> {
        auto [end, peer] = value_or_throw(unix_stream::pair());
        EXPECT_EQ((co_await end.write_all(pattern(10))).error(), errc::nothing_written);
        EXPECT_EQ((co_await end.write_all_zero_copy(pattern(10))).error(), errc::nothing_written);
    });
}

TEST(NothingWritten, OfABatchIsTold) {
    on_kernel_that_answers(request_kind::sendmsg, {3, 0}, []() -> task<void> {
        auto [end, peer] = value_or_throw(unix_stream::pair());
        const auto bytes = pattern(10);
        const std::span<const std::byte> pieces[] = {bytes, bytes};
        EXPECT_EQ((co_await end.send_all_batch(pieces)).error(), errc::nothing_written);
    });
}

TEST(NothingWritten, OutOfAPipeIsToldAndStaysThere) {
    on_kernel_that_answers(request_kind::splice, {5, 3, 0}, []() -> task<void> {
        fs::file file = some_file();
        auto pipe = value_or_throw(splice_pipe::open());
        EXPECT_EQ(value_or_throw(co_await pipe.fill_from(file, 0)), 5u);
        EXPECT_EQ(value_or_throw(co_await pipe.drain_to(file, 0)), 3u);
        EXPECT_EQ((co_await pipe.drain_to(file, 3)).error(), errc::nothing_written);
        EXPECT_EQ(pipe.held(), 2u);
    });
}

TEST(NothingWritten, OfASentFileIsTold) {
    on_kernel_that_answers(request_kind::splice, {5, 0}, []() -> task<void> {
        auto [end, peer] = value_or_throw(unix_stream::pair());
        const fs::file file = some_file();
        const transferred done = co_await send_file(end, file, 0, 5);
        EXPECT_EQ(done.bytes, 0u);
        EXPECT_EQ(done.error, errc::nothing_written);
    });
}

TEST(NothingWritten, OfADatagramEndsASendOfSeveral) {
    on_kernel_that_answers(request_kind::sendmsg, {5, 0}, []() -> task<void> {
        const auto peer = socket_address::loopback_v4(9);
        auto socket = value_or_throw(udp_socket::open_for(peer));
        socket.set_segmentation_offload(false);
        const datagram_info each{.peer = peer, .segment_size = 5};
        EXPECT_EQ(value_or_throw(co_await socket.send_message(pattern(10), each)), 5u);
    });
}

}  // namespace
}  // namespace spargio::trap_test
