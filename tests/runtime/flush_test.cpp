// flush() is a barrier: a task that blocks its shard's thread afterwards keeps no receiver asleep.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "entry.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio {
namespace {

using testing::simulated_kernel;

enum class kernel_is { ready, out_of_room };

void block_after_flush(feature_set missing, kernel_is how) {
    simulated_kernel kernel({.missing = missing});
    runtime own = *runtime_builder().shards(2).spin_us(0).build_on(kernel);
    std::atomic<int> received = 0;
    for (int round = 1; round <= 20; ++round) {
        auto receiving = own.handle().spawn(placement::pinned(1), [&received]() -> task<void> {
            EXPECT_TRUE(co_await this_shard::next_event());
            ++received;
        });
        own.block_on(0, [&]() -> task<void> {
            const remote_shard target = this_shard::remote(1);
            if (how == kernel_is::out_of_room)
                kernel.script_entries(-EAGAIN);
            EXPECT_TRUE(target.send_raw_nowait(1, 1));
            EXPECT_TRUE(co_await target.flush());
            // Not an await: this turn does not end before the message has arrived.
            // Virtual time goes on while somebody looks at the clock.
            while (received != round) {
                (void)kernel.now_ns();
                std::this_thread::yield();
            }
        });
        receiving->wait();
    }
}

TEST(Flush, HandsTheBellToTheKernelInTheMiddleOfATurn) {
    block_after_flush({}, kernel_is::ready);
}

TEST(Flush, RingsFromOutsideWhileTheKernelTakesNoRequests) {
    block_after_flush({}, kernel_is::out_of_room);
    block_after_flush({feature::register_message}, kernel_is::out_of_room);
}

}  // namespace
}  // namespace spargio
