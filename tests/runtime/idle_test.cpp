// A runtime that has nothing to do costs nothing.

#include <gtest/gtest.h>
#include <linux/io_uring.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "entry.hpp"
#include "process.hpp"
#include "spargio/ring/operation.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;

std::chrono::nanoseconds cpu_time() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

SPARGIO_CHILD_PROGRAM(idle_for_a_while) {
    const std::chrono::nanoseconds length = std::getenv("SPARGIO_LONG") != nullptr ? 10s : 1s;
    runtime own = runtime_test::built(runtime_builder().shards(4).spin_us(10'000));
    // Every shard has been awake, and one has a timer and one a reader that wait.
    for (unsigned shard = 0; shard < 4; ++shard)
        (void)own.block_on(shard, runtime_test::where_it_runs);
    own.handle().spawn(placement::pinned(1), runtime_test::until_stopped)->detach();
    own.handle()
        .spawn(placement::pinned(2),
               []() -> task<void> { (void)co_await this_shard::next_event(); })
        ->detach();
    std::this_thread::sleep_for(300ms);  // the spins that are left, and the starting up
    const auto parks = [&] {
        std::uint64_t sum = 0;
        for (unsigned shard = 0; shard < 4; ++shard)
            sum += own.stats(shard).parks;
        return sum;
    };
    const std::uint64_t parks_before = parks();
    const auto before = cpu_time();
    std::this_thread::sleep_for(length);
    const auto used = cpu_time() - before;
    const std::uint64_t woken = parks() - parks_before;
    std::printf("%lld of %lld us of CPU, %llu wake-ups\n", static_cast<long long>(used / 1us),
                static_cast<long long>(length / 1us), static_cast<unsigned long long>(woken));
    // 0.0 % is less than 0.05 %. Thread sanitizer has a thread of its own that wakes up.
    const int share = SPARGIO_TEST_HAS_FEATURE(thread_sanitizer) ? 200 : 2000;
    return used < length / share && woken == 0 ? 0 : 1;
}

TEST(Idle, SleepingShardsUseNoCpu) {
    // In a process of its own, where nothing else runs.
    const auto end = runtime_test::run_child("idle_for_a_while");
    EXPECT_EQ(end.status, 0) << end.out << end.err;
}

std::size_t kernel_workers() {
    return static_cast<std::size_t>(
        std::ranges::count_if(runtime_test::thread_names(),
                              [](const std::string& name) { return name.starts_with("iou-wrk"); }));
}

/// Moves bytes from one pipe to another: what the kernel can only do in a thread of its own, which
/// an empty pipe occupies.
class splice_operation final : public operation {
public:
    splice_operation(int from, int to) noexcept : operation(kind), from_(from), to_(to) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept {
        const auto& splice = static_cast<const splice_operation&>(self);
        request = {};
        request.opcode = IORING_OP_SPLICE;
        request.fd = splice.to_;
        request.splice_fd_in = splice.from_;
        request.off = ~0ull;
        request.splice_off_in = ~0ull;
        request.len = 4096;
    }
    static constexpr operation_type kind{"splice", prepare};

    int from_;
    int to_;
};

task<void> splice(int from, int to) {
    (void)co_await detail::await_operation<splice_operation>(detail::decode_count(), nullptr, from,
                                                             to);
}

TEST(Idle, KernelWorkersAreCapped) {
    std::array<int, 2> empty{};
    std::array<int, 2> sink{};
    ASSERT_EQ(::pipe2(empty.data(), O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(sink.data(), O_CLOEXEC), 0);
    {
        runtime own = runtime_test::built(runtime_builder().shards(1).io_workers(3));
        for (int i = 0; i < 40; ++i)
            own.handle().spawn(placement::pinned(0), splice(empty[0], sink[1]))->detach();
        std::size_t most = 0;
        for (int look = 0; look < 10'000 && most < 3; ++look) {
            most = std::max(most, kernel_workers());
            std::this_thread::yield();
        }
        for (int look = 0; look < 200; ++look) {
            most = std::max(most, kernel_workers());
            std::this_thread::yield();
        }
        EXPECT_EQ(most, 3u);
        EXPECT_TRUE(own.shutdown_blocking().clean());
    }
    for (int descriptor : {empty[0], empty[1], sink[0], sink[1]})
        ::close(descriptor);
}

}  // namespace
}  // namespace spargio
