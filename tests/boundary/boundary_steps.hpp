#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "spargio/boundary/channel.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/simulated_kernel.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio::boundary_test {

using namespace std::chrono_literals;
using std::errc::operation_canceled;
using std::errc::timed_out;

using int_client = boundary::client<int, std::string>;
using int_server = boundary::server<int, std::string>;
using int_call = boundary::received_call<int, std::string>;

[[nodiscard]] inline auto int_channel(std::size_t capacity) {
    return boundary::channel<int, std::string>(capacity);
}

/// Answers every call by its number until none can come, or it is asked to stop.
/// \return how many it received.
[[nodiscard]] inline task<int> serve(int_server server) {
    for (int count = 0;; ++count) {
        auto call = co_await server.recv();
        if (!call) {
            EXPECT_TRUE(call.error() == errc::closed || call.error() == operation_canceled);
            co_return count;
        }
        (void)call->respond(std::to_string(call->request()));
    }
}

[[nodiscard]] inline task<result<std::string>> call_once(int_client client, int number) {
    co_return co_await client.call(number);
}
[[nodiscard]] inline task<result<int_call>> recv_once(int_server server) {
    co_return co_await server.recv();
}

[[nodiscard]] inline task<void> turns(int count) {
    for (int i = 0; i < count; ++i)
        co_await yield();
}

/// For what happens elsewhere and must come.
template <class Condition>
void until(Condition condition) {
    while (!condition())
        std::this_thread::yield();
}

/// A runtime under a clock that jumps.
class Simulated : public ::testing::Test {
protected:
    Simulated() : own_(*runtime_builder().shards(2).build_on(kernel_)) {}

    template <class Entry>
    auto run(Entry entry) {
        return own_.block_on(std::move(entry));
    }

    testing::simulated_kernel kernel_;
    runtime own_;
};

/// A runtime on the real kernel, for tests with threads of their own.
class Real : public ::testing::Test {
protected:
    Real() : own_(detail::build_or_throw(runtime_builder().shards(2))) {}
    /// A server on each shard.
    void serve_on_all(const int_server& server) {
        for (unsigned shard = 0; shard < own_.shard_count(); ++shard) {
            value_or_throw(own_.handle().spawn(placement::pinned(shard), [=] {
                return serve(server);
            })).detach();
        }
    }

    runtime own_;
};

}  // namespace spargio::boundary_test
