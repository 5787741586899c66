// Streams with one allocation after the other failing: what could not be tried for want of memory
// is done without, and tried again.

#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "../shard/watched_kernel.hpp"
#include "failing_memory.hpp"
#include "spargio/net/receive_stream.hpp"
#include "spargio/net/tcp_accept_stream.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/net/tcp_stream.hpp"
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

/// What a receive_stream yielded, and why there was no more.
struct received {
    std::string bytes;
    std::error_code error;
};

task<received> receive_to_the_end(int descriptor) {
    auto stream = value_or_throw(receive_stream::open(descriptor));
    received all;
    for (;;) {
        const auto lease = co_await stream.next();
        if (!lease)
            all.error = lease.error();
        if (!lease || lease->empty())
            break;
        all.bytes.append(reinterpret_cast<const char*>(lease->data()), lease->size());
    }
    if (all.error) {
        // After what was lost nothing follows.
        const auto after = co_await stream.next();
        EXPECT_TRUE(after && after->empty());
    }
    co_return all;
}

TEST_F(OutOfMemoryStreams, BytesAreNotLostUnnoticed) {
    std::string sent(100'000, ' ');
    for (std::size_t at = 0; at != sent.size(); ++at)
        sent[at] = static_cast<char>('a' + at / 7 % 26);
    unsigned told = 0;
    fail_each_allocation([&](std::uint64_t number) {
        // So many buffers that a burst is more than is kept at first.
        auto own = *runtime_builder()
                        .shards(1)
                        .receive_buffers({.count = 64, .size = 4096})
                        .build_on(kernel_);
        const auto pair = value_or_throw(testing::socket_pair::unix_stream());
        EXPECT_EQ(::write(pair.first(), sent.data(), sent.size()),
                  static_cast<ssize_t>(sent.size()));
        EXPECT_EQ(::shutdown(pair.first(), SHUT_WR), 0);
        received all;
        all.bytes.reserve(sent.size());
        const failing_memory failing(number);
        try {
            all = own.block_on(0, [&] { return receive_to_the_end(pair.second()); });
        } catch (const std::bad_alloc&) {
            EXPECT_TRUE(failing.has_failed());
            return true;
        }
        EXPECT_EQ(sent.compare(0, all.bytes.size(), all.bytes), 0);
        if (all.error) {
            EXPECT_EQ(all.error, std::errc::not_enough_memory);
            EXPECT_TRUE(failing.has_failed());
            ++told;
        } else {
            EXPECT_EQ(all.bytes.size(), sent.size());
        }
        return failing.has_failed();
    });
    EXPECT_GE(told, 1u);
}

/// Has `clients` accepted while an allocation fails. \return how many were lost and told of, or
/// nothing when it was another allocation than that for what was accepted.
task<std::optional<int>> accept_them(int clients, std::uint64_t number, bool& failed) {
    const auto listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
    std::vector<tcp_stream> connected;
    for (int k = 0; k != clients; ++k)
        connected.push_back(
            value_or_throw(co_await tcp_stream::connect(value_or_throw(listener.local_address()))));
    const failing_memory failing(number);
    try {
        auto incoming = value_or_throw(listener.accept_many());
        int lost = 0;
        for (int told = 0; told != clients; ++told) {
            const auto next = co_await incoming.next();
            if (!next) {
                EXPECT_EQ(next.error(), std::errc::not_enough_memory);
                ++lost;
            }
        }
        failed = failing.has_failed();
        co_return lost;
    } catch (const std::bad_alloc&) {
        EXPECT_TRUE(failing.has_failed());
        failed = true;
    }
    co_return std::nullopt;
}

TEST_F(OutOfMemoryStreams, ConnectionsAreNotLostUnnoticed) {
    int told = 0;
    fail_each_allocation([&](std::uint64_t number) {
        auto own = *runtime_builder().shards(1).build_on(kernel_);
        bool failed = false;
        const auto lost = own.block_on(0, [&] { return accept_them(20, number, failed); });
        EXPECT_LE(lost.value_or(0), 1);
        told += lost.value_or(0);
        return failed;
    });
    EXPECT_GE(told, 1);
}

}  // namespace
}  // namespace spargio::memory_test
