// What a process that forks, or starts anew at once, finds of its runtime.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "entry.hpp"
#include "process.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/ring/ops/read.hpp"

namespace spargio {
namespace {

using runtime_test::until_stopped;
using runtime_test::with_shards;

TEST(Fork, AChildThatEndsLeavesTheParentsRuntimeAlone) {
    runtime own = with_shards(2);
    auto waiting = own.handle().spawn(placement::pinned(1), until_stopped);
    const int status = runtime_test::run_forked([&] {
        // As at the end of main(): neither blocks, and nothing of the parent's is touched.
        if (!own.shutdown_blocking().clean())
            return 1;
        runtime(std::move(own)).~runtime();
        return 7;
    });
    EXPECT_EQ(status, 7);
    EXPECT_FALSE(waiting->is_done());
    EXPECT_EQ(own.block_on(1, runtime_test::where_it_runs), 1u);
    EXPECT_EQ(own.block_on(0,
                           []() -> task<unsigned> {
                               co_return co_await *this_runtime().spawn(
                                   placement::pinned(1), runtime_test::where_it_runs);
                           }),
              1u);
    EXPECT_TRUE(own.shutdown_blocking().clean());
    EXPECT_TRUE(waiting->wait());
}

TEST(Fork, AChildHasARuntimeOfItsOwn) {
    if (SPARGIO_TEST_HAS_FEATURE(thread_sanitizer))
        GTEST_SKIP() << "thread sanitizer allows a forked child no threads";
    const auto end = runtime_test::run_child("forks_and_builds");
    EXPECT_EQ(end.status, 0) << end.out << end.err;
}

SPARGIO_CHILD_PROGRAM(forks_and_builds) {
    runtime own = with_shards(2);
    const int status = runtime_test::run_forked([] {
        runtime mine = with_shards(2);
        return mine.block_on(1, runtime_test::where_it_runs) == 1 &&
                       mine.shutdown_blocking().clean()
                   ? 0
                   : 1;
    });
    return status == 0 && own.block_on(1, runtime_test::where_it_runs) == 1 ? 0 : 1;
}

// --- exec ----------------------------------------------------------------------------------------

int bound_socket(std::uint16_t port) {
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // No SO_REUSEADDR: whoever still holds the port is in the way.
    if (::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listening, 8) != 0)
        return -1;
    return listening;
}

/// Holds a port and a lock, with operations on both descriptors in flight when it ends, and starts
/// anew: twenty times.
SPARGIO_CHILD_PROGRAM(serve_and_start_anew) {
    const char* round_text = std::getenv("SPARGIO_TEST_ROUND");
    const int round = std::atoi(round_text);
    const auto port = static_cast<std::uint16_t>(std::atoi(std::getenv("SPARGIO_TEST_PORT")));
    const std::string lock_path = std::getenv("SPARGIO_TEST_LOCK");
    {
        const int lock = ::open(lock_path.c_str(), O_RDWR | O_CLOEXEC);
        if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
            std::printf("round %d: the lock is held\n", round);
            return 1;
        }
        listen_options options;
        options.reuse_address = false;
        auto listener = tcp_listener::bind(
            *socket_address::parse("127.0.0.1:" + std::to_string(port)), options);
        if (!listener) {
            std::printf("round %d: %s\n", round, listener.error().message().c_str());
            return 1;
        }
        runtime own = with_shards(2);
        std::atomic<int> waiting = 0;
        own.handle()
            .spawn(placement::pinned(1),
                   [&]() -> task<void> {
                       ++waiting;
                       (void)co_await listener->accept();
                   })
            ->detach();
        own.handle()
            .spawn(placement::pinned(0),
                   [&]() -> task<void> {
                       // The lock's file is a FIFO: a read of it waits for ever.
                       std::array<std::byte, 8> buffer;
                       ++waiting;
                       (void)co_await detail::await_operation<read_operation>(
                           detail::decode_count(), nullptr, lock, std::span(buffer), 0u);
                   })
            ->detach();
        while (waiting != 2 || own.stats(0).operations_in_flight == 0 ||
               own.stats(1).operations_in_flight == 0)
            std::this_thread::yield();
        if (!own.shutdown_blocking().clean())
            return 2;
        ::close(lock);
    }
    if (round == 20)
        return 0;
    ::setenv("SPARGIO_TEST_ROUND", std::to_string(round + 1).c_str(), 1);
    ::setenv("SPARGIO_TEST_CHILD", "serve_and_start_anew", 1);
    ::execl("/proc/self/exe", "anew", nullptr);
    return 3;
}

TEST(Exec, AddressAndLockAreFreeAtOnce) {
    const int probe = bound_socket(0);
    ASSERT_GE(probe, 0);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ASSERT_EQ(::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ::close(probe);
    std::string folder = (std::filesystem::temp_directory_path() / "spargio-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string lock = folder + "/lock";
    ASSERT_EQ(::mkfifo(lock.c_str(), 0600), 0);
    const auto end = runtime_test::run_child(
        "serve_and_start_anew", {{"SPARGIO_TEST_ROUND", "1"},
                                 {"SPARGIO_TEST_PORT", std::to_string(ntohs(address.sin_port))},
                                 {"SPARGIO_TEST_LOCK", lock}});
    EXPECT_EQ(end.status, 0) << end.out << end.err;
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace spargio
