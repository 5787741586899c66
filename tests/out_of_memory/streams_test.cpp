// Streams with one allocation after the other failing: what could not be tried for want of memory
// is done without, and tried again.

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <string>
#include <utility>

#include "../shard/watched_kernel.hpp"
#include "failing_memory.hpp"
#include "spargio/net/receive_stream.hpp"
#include "spargio/net/zero_copy.hpp"
#include "spargio/ring/stream_features.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::memory_test {
namespace {

std::ptrdiff_t descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
}

/// Bytes of address space, those included that nobody has touched.
std::size_t address_space() {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// The system's kernel by another name, so that nothing is known of it yet.
struct OutOfMemoryStreams : OutOfMemory {
    shard_test::watched_kernel kernel_{system_kernel()};
};

TEST_F(OutOfMemoryStreams, AFeatureThatCannotBeTriedIsDoneWithout) {
    const feature_set all = find_stream_features(kernel_).found;
    const auto descriptors_before = descriptors();
    const std::size_t blocks_before = blocks_in_use();
    fail_each_allocation([&](std::uint64_t number) {
        const auto [seen, failed] = [&] {
            const failing_memory failing(number);
            const stream_findings findings = find_stream_features(kernel_);
            return std::pair(findings, failing.has_failed());
        }();
        EXPECT_EQ(seen.all_tried, !failed);
        feature_set too_many = seen.found;
        too_many.remove(all);
        EXPECT_EQ(too_many, feature_set());
        if (!failed) {
            EXPECT_EQ(seen.found, all);
        }
        EXPECT_EQ(descriptors(), descriptors_before);
        EXPECT_EQ(blocks_in_use(), blocks_before);
        return failed;
    });
}

/// Opens a stream and lends some bytes to the kernel, first thing on a fresh shard.
task<void> pass_some_bytes() {
    const auto pair = value_or_throw(testing::socket_pair::tcp());
    zero_copy_sender sender;
    const auto stream = value_or_throw(receive_stream::open(pair.second()));
    std::string lent(zero_copy_sender::least_bytes, 'x');
    value_or_throw(co_await sender.write_all(pair.first(), std::move(lent)));
}

TEST_F(OutOfMemoryStreams, AreOpenedOrThrow) {
    // So much that whatever else maps memory meanwhile is less.
    constexpr buffer_options buffers{.count = 16'384, .size = 65'536};
    const auto run_it = [&](std::uint64_t number) {
        auto own = *runtime_builder().shards(1).receive_buffers(buffers).build_on(kernel_);
        const failing_memory failing(number);
        try {
            own.block_on(0, [] { return pass_some_bytes(); });
        } catch (const std::bad_alloc&) {
            EXPECT_TRUE(failing.has_failed());
        }
        return failing.has_failed();
    };
    (void)run_it(from_then_on - 1);
    const std::size_t blocks_before = blocks_in_use();
    const std::size_t space_before = address_space();
    fail_each_allocation(run_it);
    EXPECT_EQ(blocks_in_use(), blocks_before);
    EXPECT_LT(address_space(), space_before + std::size_t{buffers.count} * buffers.size);
}

}  // namespace
}  // namespace spargio::memory_test
