// A ring on the simulated kernel: submitting, waiting, reaping.

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <string>

#include "ring_steps.hpp"
#include "spargio/ring/ops/accept.hpp"
#include "spargio/ring/ops/close.hpp"
#include "spargio/ring/ops/connect.hpp"
#include "spargio/ring/ops/fsync.hpp"
#include "spargio/ring/ops/open.hpp"
#include "spargio/ring/ops/read.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/ring/ops/send.hpp"
#include "spargio/ring/ops/write.hpp"
#include "spargio/testing/fault_sweep.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::ring_test {
namespace {

using testing::request_kind;
using testing::scripted_outcome;
using testing::simulated_kernel;
using testing::simulated_options;

simulated_options alone(std::uint64_t seed) {
    return {.seed = seed, .foreign_threads = false};
}

TEST(SimulatedRing, BytesPassThroughAStream) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        simulated_kernel kernel(alone(seed));
        const auto [near, far] = kernel.stream_pair();
        stepped_ring ring(kernel);
        std::array<std::byte, 16> buffer{};
        awaited<recv_operation> receive(near, buffer);
        awaited<send_operation> send(far, bytes_of("hello"));
        ring->submit(receive.op);
        ring->submit(send.op);
        EXPECT_EQ(ring.finish(receive), 5) << kernel.describe();
        EXPECT_EQ(ring.finish(send), 5);
        EXPECT_EQ(text_of(std::span(buffer).first(5)), "hello");
    }
}

TEST(SimulatedRing, WaitAdvancesTheClockToItsTimeout) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    const std::uint64_t before = kernel.now_ns();
    EXPECT_EQ(ring.wait(5'000'000'000), 0u);
    EXPECT_GE(kernel.now_ns(), before + 5'000'000'000);
    EXPECT_LT(kernel.now_ns(), before + 5'001'000'000);
}

TEST(SimulatedRing, FaultsOfACopyAreAnsweredNotLost) {
    const auto scenario = [](simulated_kernel& kernel) {
        SCOPED_TRACE(kernel.describe());
        const std::size_t before = kernel.open_descriptors();
        stepped_ring ring(kernel);
        if (!ring.opened())
            return;
        awaited<open_operation> open("/tmp/a", 0x42 /* O_CREAT | O_RDWR */, 0600u);
        const int file = ring.run(open);
        if (file >= 0) {
            awaited<write_operation> write(file, bytes_of("abc"), 0u);
            const int written = ring.run(write);
            EXPECT_TRUE(written == 3 || written == 1 || written < 0);
            awaited<close_operation> close(file);
            ring.run(close);
        }
        EXPECT_EQ(kernel.open_descriptors(), before + 1);
    };
    EXPECT_GT(testing::fault_sweep(scenario, alone(7)), 20u);
}

}  // namespace
}  // namespace spargio::ring_test
