// Waits that one thread stops while another brings about their end, over and over: each ends once,
// with a result or cancelled, loses nothing, and leaves nothing behind that still refers to it.

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "../shard/shard_threads.hpp"
#include "scale.hpp"
#include "spargio/core/pause.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/shard/next_message.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/testing/socket_pair.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::stress {
namespace {

using shard_test::root;
using shard_test::shard_threads;

using answer = result<std::size_t>;

task<answer> receive(int descriptor) {
    std::array<std::byte, 16> buffer;
    co_return co_await detail::await_operation<recv_operation>(detail::decode_count{}, nullptr,
                                                               descriptor, std::span(buffer));
}
task<answer> receive_in_time(int descriptor) {
    co_return co_await timeout(std::chrono::microseconds(30), receive(descriptor));
}
task<answer> sleep_a_little() {
    const auto ended = co_await sleep_for(std::chrono::microseconds(20));
    if (!ended)
        co_return failure(ended.error());
    co_return 0;
}
task<answer> next_message() {
    const auto received = co_await detail::message_awaiter();
    if (!received)
        co_return failure(received.error());
    co_return 1;
}

/// A thread that does `deed` each time it is told to, after a few moments.
class accomplice {
public:
    explicit accomplice(std::function<void()> deed) : deed_(std::move(deed)) {}
    void act_after(std::uint64_t pauses) {
        pauses_ = pauses;
        ++asked_;
        asked_.notify_one();
    }
    void await_done() {
        for (auto seen = done_.load(); seen != asked_.load(); seen = done_.load())
            done_.wait(seen);
    }

private:
    void work(const std::stop_token& over) {
        const std::stop_callback wake(over, [this] {
            ++asked_;
            asked_.notify_one();
        });
        for (std::uint64_t turn = 0;; ++turn) {
            asked_.wait(turn);
            if (over.stop_requested())
                return;
            for (std::uint64_t i = 0; i < pauses_; ++i)
                detail::pause();
            deed_();
            ++done_;
            done_.notify_one();
        }
    }

    std::function<void()> deed_;
    std::uint64_t pauses_ = 0;
    std::atomic<std::uint64_t> asked_ = 0;
    std::atomic<std::uint64_t> done_ = 0;
    std::jthread thread_{[this](const std::stop_token& over) { work(over); }};
};

enum class kind { operation, operation_with_deadline, deadline, message };

class CancelStorm : public ::testing::TestWithParam<std::tuple<kind, unsigned>> {};

std::string name_of(const ::testing::TestParamInfo<CancelStorm::ParamType>& info) {
    constexpr std::array names = {"operation", "operation_with_deadline", "deadline", "message"};
    const auto [what, spin_us] = info.param;
    return names.at(static_cast<std::size_t>(what)) +
           std::string(spin_us == 0 ? "_sleeping" : "_spinning");
}

INSTANTIATE_TEST_SUITE_P(Stress, CancelStorm,
                         ::testing::Combine(::testing::Values(kind::operation,
                                                              kind::operation_with_deadline,
                                                              kind::deadline, kind::message),
                                            ::testing::Values(0u, 50u)),
                         name_of);

TEST_P(CancelStorm, EveryWaitEndsOnceAndLosesNothing) {
    const auto [what, spin_us] = GetParam();
    const std::uint64_t rounds = times(10'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    testing::random_source random(seed);
    auto sockets = testing::socket_pair::unix_stream();
    ASSERT_TRUE(sockets);
    shard_options options;
    options.ring.disabled = features_disabled_by_environment();
    options.spin_us = spin_us;
    shard_threads shards(system_kernel(), 1, options);
    const bool has_peer = what != kind::deadline;
    std::size_t sent = 0;
    std::size_t received = 0;
    accomplice peer([&, to_message = what == kind::message] {
        if (to_message) {
            EXPECT_TRUE(shards[0].try_send({.value = 1}));
        } else {
            EXPECT_EQ(::send(sockets->second(), "x", 1, 0), 1);
        }
        ++sent;
    });
    std::uint64_t ended[2] = {};
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const auto begin = [&]() -> task<answer> {
            switch (what) {
            case kind::operation:
                return receive(sockets->first());
            case kind::operation_with_deadline:
                return receive_in_time(sockets->first());
            case kind::deadline:
                return sleep_a_little();
            case kind::message:
                break;
            }
            return next_message();
        };
        // Each in memory of its own: whatever comes too late is seen.
        auto waiting = std::make_unique<root<answer>>(shards[0], begin());
        std::binary_semaphore over{0};
        waiting->at_end = [&] { over.release(); };
        waiting->start();
        if (has_peer && random.chance(70))
            peer.act_after(random.below(2'000));
        for (std::uint64_t pauses = random.below(2'000); pauses > 0; --pauses)
            detail::pause();
        waiting->request_stop();
        over.acquire();
        peer.await_done();
        const answer got = waiting->take();
        received += got ? *got : 0;
        ++ended[got ? 1 : 0];
        if (!got) {
            EXPECT_TRUE(got.error() == std::errc::operation_canceled ||
                        got.error() == std::errc::timed_out)
                << got.error().message();
        }
        waiting.reset();
        // What was cancelled took nothing: it is still there.
        if (what == kind::message) {
            while (received < sent)
                received += shards.run(0, next_message()).value_or(0);
        } else if (has_peer) {
            std::array<char, 16> rest;
            while (::recv(sockets->first(), rest.data(), 1, MSG_DONTWAIT) == 1)
                ++received;
        }
        ASSERT_EQ(received, sent);
    }
    EXPECT_GT(ended[0], 0u);
}

}  // namespace
}  // namespace spargio::stress
