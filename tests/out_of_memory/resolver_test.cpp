// What a resolver keeps of names it could not ask for, for want of memory.

#include <new>

#include "companions/dns/detail/channel_pool.hpp"
#include "failing_memory.hpp"

namespace spargio::memory_test {
namespace {

using dns::detail::channel_pool;

dns::detail::channel_settings of_one_server() {
    return {.servers = {*socket_address::parse("127.0.0.1:53")},
            .search = {},
            .timeout = std::chrono::milliseconds(100)};
}

TEST_F(OutOfMemory, AChannelThatCouldNotBeMadeIsNotCounted) {
    fail_each_allocation([](std::uint64_t number) {
        channel_pool pool(of_one_server(), 1);
        const failing_memory failing(number);
        try {
            EXPECT_TRUE(pool.take());
        } catch (const std::bad_alloc&) {
            EXPECT_TRUE(failing.has_failed());
        }
        EXPECT_EQ(pool.leased(), 0u);
        return failing.has_failed();
    });
}

}  // namespace
}  // namespace spargio::memory_test
