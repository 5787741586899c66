// Connections that do not come about: what ends a connect that is under way leaves no socket.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "closing_steps.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"
#include "unix_steps.hpp"

namespace spargio::net_test {
namespace {

using std::errc::operation_canceled;

/// A listener with a full backlog, which nobody accepts from. What connects to it waits: over TCP
/// for the kernel's next question, a second later, of a Unix socket in a kernel worker.
template <class Listener>
class full_listener {
public:
    explicit full_listener(const socket_address& at)
        : listener_(value_or_throw(Listener::bind(at, {.backlog = 0}))),
          address_(value_or_throw(listener_.local_address())),
          filler_(::socket(address_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        EXPECT_EQ(::connect(filler_.get(), address_.data(), address_.size()), 0);
    }
    [[nodiscard]] const socket_address& address() const { return address_; }
    /// Connections that came about.
    [[nodiscard]] unsigned takes() const {
        EXPECT_EQ(::fcntl(listener_.fd(), F_SETFL, O_NONBLOCK), 0);
        unsigned count = 0;
        while (descriptor(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC)))
            ++count;
        return count;
    }

private:
    Listener listener_;
    socket_address address_;
    descriptor filler_;
};

struct full_tcp : full_listener<tcp_listener> {
    full_tcp() : full_listener(socket_address::loopback_v4(0)) {}
};
struct full_unix : full_listener<unix_listener> {
    full_unix() : full_listener(abstract_address("full")) {}
};

/// Sockets that ask for a connection to `target`, whether or not a descriptor is left of them.
std::size_t asking_for(const socket_address& target) {
    char wanted[16];
    std::snprintf(wanted, sizeof wanted, ":%04X 02 ", target.port());
    std::ifstream table("/proc/net/tcp");
    std::size_t count = 0;
    for (std::string line; std::getline(table, line);)
        count += line.find(wanted) != std::string::npos ? 1 : 0;
    return count;
}

/// What was cancelled lets its socket go a moment after its answer.
void expect_nobody_asks_for(const socket_address& target) {
    for (int turn = 0; asking_for(target) != 0 && turn != 500; ++turn)
        std::this_thread::yield();
    EXPECT_EQ(asking_for(target), 0u);
}

task<void> until_asked_for(const socket_address& target, std::size_t times) {
    for (int turn = 0; asking_for(target) != times && turn != 500; ++turn)
        co_await yield();
    EXPECT_EQ(asking_for(target), times);
}

TEST(ConnectInFlight, AStopEndsIt) {
    on_shards(1, []() -> task<void> {
        const full_tcp full;
        const std::size_t before = open_descriptors();
        auto connecting = value_or_throw(this_shard::spawn(tcp_stream::connect(full.address())));
        co_await until_asked_for(full.address(), 1);
        EXPECT_FALSE(connecting.is_done());
        EXPECT_EQ(open_descriptors(), before + 1);
        connecting.request_stop();
        EXPECT_EQ((co_await std::move(connecting)).error(), operation_canceled);
        EXPECT_EQ(open_descriptors(), before);
        expect_nobody_asks_for(full.address());
    });
}

TEST(ConnectInFlight, ATimeoutEndsIt) {
    on_shards(1, []() -> task<void> {
        const full_tcp full;
        const std::size_t before = open_descriptors();
        const auto late =
            co_await timeout(std::chrono::milliseconds(2), tcp_stream::connect(full.address()));
        EXPECT_EQ(late.error(), std::errc::timed_out);
        EXPECT_EQ(open_descriptors(), before);
        expect_nobody_asks_for(full.address());
    });
}

TEST(ConnectInFlight, EndsWhenAnotherWasFirst) {
    on_shards(1, []() -> task<void> {
        const full_tcp full;
        tcp_listener open = listen_v4();
        const std::size_t before = open_descriptors();
        {
            const auto first = co_await when_any(tcp_stream::connect(full.address()),
                                                 tcp_stream::connect(address_of(open)));
            EXPECT_EQ(first.index(), 1u);
            EXPECT_TRUE(std::get<1>(first));
            EXPECT_EQ(open_descriptors(), before + 1);
        }
        EXPECT_EQ(open_descriptors(), before);
        expect_nobody_asks_for(full.address());
    });
}

/// Those that came about stay, and the others' sockets are closed.
TEST(ConnectInFlight, AStopOfManyEndsThoseThatWait) {
    on_shards(1, []() -> task<void> {
        const full_tcp full;
        tcp_listener open = listen_v4();
        constexpr std::size_t pairs = 20;  // more than the ring has entries
        std::vector<connect_request> requests;
        for (std::size_t i = 0; i < pairs; ++i) {
            requests.push_back({full.address()});
            requests.push_back({address_of(open)});
        }
        const std::size_t before = open_descriptors();
        {
            auto connecting = value_or_throw(this_shard::spawn(tcp_stream::connect_many(requests)));
            for (std::size_t i = 0; i < pairs; ++i)
                value_or_throw(co_await open.accept());
            co_await until_asked_for(full.address(), pairs);
            connecting.request_stop();
            const auto all = co_await std::move(connecting);
            for (std::size_t i = 0; i < pairs; ++i) {
                EXPECT_EQ(all[2 * i].error(), operation_canceled);
                EXPECT_EQ(value_or_throw(all[2 * i + 1].value().peer_address()), address_of(open));
            }
            EXPECT_EQ(open_descriptors(), before + pairs);
        }
        EXPECT_EQ(open_descriptors(), before);
        expect_nobody_asks_for(full.address());
    });
}

struct answers {
    std::atomic<unsigned> begun = 0;
    std::atomic<unsigned> cancelled = 0;
    std::atomic<unsigned> others = 0;
};

template <class Stream>
task<void> connect_in_vain(socket_address target, answers& counts) {
    ++counts.begun;
    const auto connected = co_await Stream::connect(target);
    const bool stopped = !connected && connected.error() == operation_canceled;
    ++(stopped ? counts.cancelled : counts.others);
}

/// So many connects on each shard that some of them wait for an entry of the ring, or a worker.
template <class Stream>
void shut_down_under(const socket_address& target) {
    constexpr unsigned each = 40;
    const std::size_t before = open_descriptors();
    answers counts;
    {
        auto own = detail::build_or_throw(shards(2).io_workers(2));
        for (unsigned i = 0; i < 2 * each; ++i) {
            value_or_throw(own.handle().spawn(placement::pinned(i % 2),
                                              connect_in_vain<Stream>(target, counts)))
                .detach();
        }
        own.block_on([&]() -> task<void> {
            while (counts.begun != 2 * each)
                co_await yield();
            co_await some_turns();
            if (target.family() == AF_INET)
                co_await until_asked_for(target, 2 * each);
        });
        EXPECT_EQ(counts.cancelled + counts.others, 0u);
        const auto report = own.shutdown_blocking();
        EXPECT_TRUE(report.clean()) << to_string(report);
        EXPECT_EQ(own.stats(0).operations_in_flight + own.stats(1).operations_in_flight, 0u);
    }
    EXPECT_EQ(counts.cancelled, 2 * each);
    EXPECT_EQ(counts.others, 0u);
    EXPECT_EQ(open_descriptors(), before);
}

TEST(ConnectInFlight, TheEndOfTheRuntimeEndsThem) {
    const full_tcp tcp;
    shut_down_under<tcp_stream>(tcp.address());
    expect_nobody_asks_for(tcp.address());
    EXPECT_EQ(tcp.takes(), 1u);
    const full_unix local;
    shut_down_under<unix_stream>(local.address());
    EXPECT_EQ(local.takes(), 1u);
}

}  // namespace
}  // namespace spargio::net_test
