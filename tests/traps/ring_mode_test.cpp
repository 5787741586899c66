// The same programs in every mode of a ring and with each feature of the kernel missing.

#include <gtest/gtest.h>

#include <array>

#include "spargio/core/when_all.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"
#include "trap_steps.hpp"

namespace spargio::trap_test {
namespace {

struct ring_mode {
    const char* name;
    bool deferred = false;
    std::vector<feature> without{};
};

class RingMode : public ::testing::TestWithParam<ring_mode> {
protected:
    template <class Scenario>
    static void on_shards(Scenario scenario) {
        auto builder = runtime_builder().shards(2).ring_entries(16);
        builder.deferred_taskrun(GetParam().deferred);
        for (const feature which : GetParam().without)
            builder.disable(which);
        run_with(builder, std::move(scenario));
    }
};

struct two_ends {
    tcp_stream client;
    tcp_stream server;
};

task<two_ends> connection() {
    tcp_listener listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
    auto [client, server] = co_await when_all(
        tcp_stream::connect(value_or_throw(listener.local_address())), listener.accept());
    co_return two_ends{value_or_throw(std::move(client)), value_or_throw(std::move(server))};
}

task<void> echo_on_the_other_shard(tcp_stream stream) {
    std::array<std::byte, 512> buffer;
    for (;;) {
        const auto count = value_or_throw(co_await stream.read_some(buffer));
        if (count == 0)
            break;
        value_or_throw(co_await stream.write_all(std::span(buffer).first(count)));
    }
    value_or_throw(co_await stream.close());
}

TEST_P(RingMode, EchoesBetweenShards) {
    on_shards([]() -> task<void> {
        two_ends ends = co_await connection();
        auto serving = value_or_throw(this_runtime().spawn(
            placement::pinned(1), echo_on_the_other_shard(std::move(ends.server))));
        std::array<std::byte, 8> word;
        for (std::uint64_t i = 0; i < 200; ++i) {
            value_or_throw(co_await ends.client.write_all(std::as_bytes(std::span(&i, 1))));
            value_or_throw(co_await ends.client.read_exact(word));
            EXPECT_TRUE(std::ranges::equal(word, std::as_bytes(std::span(&i, 1))));
        }
        value_or_throw(co_await ends.client.close());
        co_await std::move(serving);
    });
}

TEST_P(RingMode, FilesKeepTheirBytes) {
    on_shards([]() -> task<void> {
        const scratch_directory dir;
        const auto bytes = pattern(100'000);
        auto file = value_or_throw(
            co_await fs::file::open(dir / "a", fs::open_options().read().write().create()));
        value_or_throw(co_await file.write_all_at(bytes, 0));
        value_or_throw(co_await file.fsync());
        std::vector<std::byte> back(bytes.size());
        value_or_throw(co_await file.read_exact_at(back, 0));
        EXPECT_EQ(back, bytes);
    });
}

TEST_P(RingMode, DeadlinesEndWhatWaits) {
    on_shards([]() -> task<void> {
        two_ends ends = co_await connection();
        for (int i = 0; i < 20; ++i) {
            std::array<std::byte, 1> buffer;
            const auto late = co_await timeout(
                std::chrono::microseconds(50),
                [](tcp_stream& stream, std::span<std::byte> into) -> task<result<std::size_t>> {
                    co_return co_await stream.read_some(into);
                }(ends.server, buffer));
            EXPECT_EQ(late.error(), std::errc::timed_out);
        }
    });
}

task<void> never_idle(const bool& done) {
    while (!done)
        co_await yield();
}

task<void> receive_twice(tcp_stream& stream, bool& done) {
    std::array<std::byte, 1> buffer;
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(value_or_throw(co_await stream.read_some(buffer)), 1u);
    done = true;
}

task<void> write_from_the_other_shard(tcp_stream& stream) {
    const std::byte sent{};
    for (int i = 0; i < 2; ++i) {
        value_or_throw(co_await sleep_for(std::chrono::microseconds(200)));
        value_or_throw(co_await stream.write_all(std::span(&sent, 1)));
    }
}

TEST_P(RingMode, ABusyShardStillTakesItsCompletions) {
    on_shards([]() -> task<void> {
        two_ends ends = co_await connection();
        bool done = false;
        auto writing = value_or_throw(
            this_runtime().spawn(placement::pinned(1), write_from_the_other_shard(ends.client)));
        co_await when_all(never_idle(done), receive_twice(ends.server, done));
        co_await std::move(writing);
    });
}

const std::vector<ring_mode> modes = {
    {"usual"},
    {"deferred", true},
    {"deferred_without_attempts", true, {feature::attempt_first}},
    {"without_attempts", false, {feature::attempt_first}},
    {"without_message_rings", false, {feature::message_ring, feature::register_message}},
    {"without_register_message", false, {feature::register_message}},
    {"interrupting", false, {feature::cooperative_taskrun}},
    {"unregistered", false, {feature::registered_ring}},
    {"bare",
     false,
     {feature::attempt_first, feature::message_ring, feature::register_message,
      feature::cooperative_taskrun, feature::registered_ring}},
};

std::string name_of(const ::testing::TestParamInfo<ring_mode>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Modes, RingMode, ::testing::ValuesIn(modes), name_of);

}  // namespace
}  // namespace spargio::trap_test
