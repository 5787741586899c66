// Rings under the limits a process may find itself in.

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <deque>

#include "kernel_under_test.hpp"
#include "nop_operation.hpp"

namespace spargio::ring_test {
namespace {

/// Opens rings of the usual size with 64 KiB of lockable memory, which is what Debian gives a user.
[[noreturn]] void open_with_little_locked_memory() {
    const rlimit little{64 * 1024, 64 * 1024};
    if (::setrlimit(RLIMIT_MEMLOCK, &little) != 0)
        std::_Exit(1);
    // Root is not bound by it, and it is counted by user: one that nobody else is.
    const auto user = static_cast<uid_t>(600'000 + ::getpid());
    if (::getuid() == 0 && ::setresuid(user, user, user) != 0)
        std::_Exit(2);
    std::array<std::unique_ptr<stepped_ring>, 4> rings;
    for (auto& ring : rings) {
        ring = std::make_unique<stepped_ring>(system_kernel(), ring_options{});
        if (!ring->opened())
            std::_Exit(3);
        awaited<nop_operation> nop;
        if (ring->run(nop) != 0)
            std::_Exit(4);
    }
    std::_Exit(0);
}

TEST(LimitsDeathTest, SixtyFourKilobytesOfLockedMemoryAreEnough) {
    EXPECT_EXIT(open_with_little_locked_memory(), ::testing::ExitedWithCode(0), "");
}

TEST(Limits, WhereMemoryIsShortTheQueuesAre) {
    auto options = alone(1);
    options.locked_memory = 64 * 1024;
    testing::simulated_kernel kernel(options);
    std::array<std::unique_ptr<stepped_ring>, 4> rings;
    for (auto& ring : rings) {
        ring = std::make_unique<stepped_ring>(kernel, ring_options{});
        ASSERT_TRUE(ring->opened()) << ring->error().message();
        std::deque<awaited<nop_operation>> nops(1000);
        for (auto& nop : nops)
            (*ring)->submit(nop.op);
        for (auto& nop : nops)
            EXPECT_EQ(ring->finish(nop), 0);
    }
    options.locked_memory = 4096;
    testing::simulated_kernel poor(options);
    stepped_ring ring(poor, ring_options{});
    EXPECT_EQ(ring.error(), std::errc::not_enough_memory);
}

TEST(Limits, ShortestAndLongestQueues) {
    for (const unsigned entries : {16u, 32'768u}) {
        stepped_ring ring(system_kernel(), {.entries = entries, .cq_entries = entries});
        ASSERT_TRUE(ring.opened()) << ring.error().message();
        awaited<nop_operation> nop;
        EXPECT_EQ(ring.run(nop), 0);
    }
}

}  // namespace
}  // namespace spargio::ring_test
