#pragma once

// Kinds of awaits: wait() is awaited on shard 0, where the kind is made, wake() runs on shard 1 and
// ends the wait, and right() judges its outcome.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <thread>
#include <utility>

#include "spargio/boundary/channel.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/net/receive_stream.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/net/unix_stream.hpp"
#include "spargio/runtime/call_on.hpp"
#include "spargio/runtime/cancellation_token.hpp"
#include "spargio/runtime/spawn_blocking.hpp"
#include "spargio/sync/barrier.hpp"
#include "spargio/sync/broadcast.hpp"
#include "spargio/sync/event.hpp"
#include "spargio/sync/latch.hpp"
#include "spargio/sync/mutex.hpp"
#include "spargio/sync/notify.hpp"
#include "spargio/sync/oneshot.hpp"
#include "spargio/sync/semaphore.hpp"
#include "spargio/sync/watch.hpp"
#include "spargio/time/interval.hpp"
#include "stuck_shard.hpp"

namespace spargio::runtime_test {

[[nodiscard]] inline task<void> nothing() {
    co_return;
}

// --- synchronisation -----------------------------------------------------------------------------

struct mutex_kind {
    mutex lock;
    mutex::guard held = lock.try_lock();
    auto wait() { return lock.lock(); }
    static bool right(result<mutex::guard>& got) { return got.has_value(); }
    task<void> wake() {
        held.unlock();
        co_return;
    }
};
struct semaphore_kind {
    semaphore permits{0};
    auto wait() { return permits.acquire(2); }
    static bool right(result<semaphore_permit>& got) { return got.has_value(); }
    task<void> wake() {
        permits.release(2);
        co_return;
    }
};
/// Of what yields nothing but that it happened.
struct told {
    static bool right(const result<void>& ended) { return ended.has_value(); }
};
struct event_kind : told {
    event flag;
    auto wait() { return flag.wait(); }
    task<void> wake() {
        flag.set();
        co_return;
    }
};
struct notify_kind : told {
    notify bell;
    auto wait() { return bell.wait(); }
    task<void> wake() {
        bell.notify_one();
        co_return;
    }
};
struct latch_kind : told {
    latch gate{1};
    auto wait() { return gate.wait(); }
    task<void> wake() {
        gate.count_down();
        co_return;
    }
};
struct barrier_kind : told {
    barrier round{2};
    auto wait() { return round.arrive_and_wait(); }
    task<void> wake() { EXPECT_TRUE(co_await round.arrive_and_wait()); }
};
struct cancellation_kind : told {
    cancellation_token token;
    auto wait() { return token.cancelled(); }
    task<void> wake() {
        token.cancel();
        co_return;
    }
};

// --- channels ------------------------------------------------------------------------------------

struct got_seven {
    static bool right(const result<int>& got) { return got == 7; }
};
template <class Ends>
struct queue_kind : got_seven {
    Ends ends;
    explicit queue_kind(Ends made) : ends(std::move(made)) {}
    auto wait() { return ends.second.recv(); }
    task<void> wake() {
        EXPECT_TRUE(ends.first.try_send(7));
        co_return;
    }
};
struct mpmc_kind : queue_kind<decltype(mpmc_channel<int>(1))> {
    mpmc_kind() : queue_kind(mpmc_channel<int>(1)) {}
};
struct mpsc_kind : queue_kind<decltype(mpsc_channel<int>(1))> {
    mpsc_kind() : queue_kind(mpsc_channel<int>(1)) {}
};
/// There is no room until somebody receives.
struct sending_kind {
    decltype(mpmc_channel<int>(1)) ends = mpmc_channel<int>(1);
    sending_kind() {
        while (ends.first.try_send(1)) {
        }
    }
    auto wait() { return ends.first.send(2); }
    static bool right(const auto& sent) { return sent.has_value(); }
    task<void> wake() {
        EXPECT_EQ(ends.second.try_recv(), 1);
        co_return;
    }
};
struct oneshot_kind : got_seven {
    decltype(oneshot_channel<int>()) ends = oneshot_channel<int>();
    auto wait() { return ends.second.recv(); }
    task<void> wake() {
        EXPECT_TRUE(ends.first.send(7));
        co_return;
    }
};
struct broadcast_kind {
    decltype(broadcast_channel<int>(2)) ends = broadcast_channel<int>(2);
    auto wait() { return ends.second.recv(); }
    static bool right(const auto& got) { return got.has_value() && got->item == 7; }
    task<void> wake() {
        EXPECT_TRUE(ends.first.send(7));
        co_return;
    }
};
struct watch_kind : got_seven {
    decltype(watch_channel(1)) ends = watch_channel(1);
    auto wait() { return ends.second.changed(); }
    task<void> wake() {
        EXPECT_TRUE(ends.first.send(7));
        co_return;
    }
};
struct boundary_call_kind : got_seven {
    decltype(boundary::channel<int, int>(1)) ends = boundary::channel<int, int>(1);
    auto wait() { return ends.first.call(6); }
    task<void> wake() {
        auto received = value_or_throw(co_await ends.second.recv());
        EXPECT_TRUE(received.respond(received.request() + 1));
    }
};
struct boundary_receive_kind {
    decltype(boundary::channel<int, int>(1)) ends = boundary::channel<int, int>(1);
    auto wait() { return ends.second.recv(); }
    static bool right(auto& received) { return received.has_value() && received->respond(7); }
    task<void> wake() { EXPECT_EQ(co_await ends.first.call(6), 7); }
};

// --- shards and tasks ----------------------------------------------------------------------------

struct call_kind : got_seven {
    static auto wait() {
        return call_on(1, [] { return this_shard::id() == 1 ? 7 : 0; });
    }
    static task<void> wake() { return nothing(); }
};
struct message_kind {
    static auto wait() { return this_shard::next_event(); }
    static bool right(const result<message>& got) { return got.has_value() && got->value == 7; }
    static task<void> wake() {
        value_or_throw(this_shard::remote(0).send_raw_nowait(5, 7));
        co_return;
    }
};
struct join_kind {
    event flag;
    std::optional<join_handle<int>> joined;
    join_kind() {
        joined = value_or_throw(this_runtime().spawn_pinned(1, [this]() -> task<int> {
            EXPECT_TRUE(co_await flag.wait());
            co_return 7;
        }));
    }
    auto& wait() { return *joined; }
    static bool right(int value) { return value == 7; }
    task<void> wake() {
        flag.set();
        co_return;
    }
};
struct blocking_kind : got_seven {
    static auto wait() {
        return spawn_blocking([] {
            std::this_thread::sleep_for(1ms);
            return 7;
        });
    }
    static task<void> wake() { return nothing(); }
};
struct sleep_kind : told {
    static auto wait() { return sleep_for(1ms); }
    static task<void> wake() { return nothing(); }
};
/// These end by a stop alone.
struct long_sleep_kind {
    static auto wait() { return sleep_for(1h); }
};
struct long_reset_kind {
    spargio::sleep timer{1h};
    auto& wait() { return timer; }
};
struct long_interval_kind {
    interval ticks = interval_at(clock::now() + 1h, 1h);
    auto wait() { return ticks.tick(); }
};
struct interval_kind {
    interval ticks = interval_at(clock::now() + 1ms, 1h);
    auto wait() { return ticks.tick(); }
    static bool right(const auto& tick) { return tick.has_value(); }
    static task<void> wake() { return nothing(); }
};

// --- files and sockets ---------------------------------------------------------------------------

struct file_read_kind : pipe_ends {
    fs::file file = fs::file::from_fd(::dup(reader()));
    std::array<std::byte, 8> bytes;
    auto wait() { return file.read_at(bytes, 0); }
    static bool right(const result<std::size_t>& count) { return count == 1; }
    task<void> wake() {
        write();
        co_return;
    }
};
struct file_write_kind {
    static constexpr std::size_t size = 4096;
    std::array<int, 2> ends;
    std::array<std::byte, size> bytes{};
    std::optional<fs::file> file;
    file_write_kind() {
        EXPECT_EQ(::pipe2(ends.data(), 0), 0);
        const int room = ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(size));
        for (int full = 0; full < room; full += static_cast<int>(size))
            EXPECT_EQ(::write(ends[1], bytes.data(), size), static_cast<ssize_t>(size));
        file = fs::file::from_fd(ends[1]);
    }
    ~file_write_kind() { ::close(ends[0]); }
    auto wait() { return file->write_at(bytes, 0); }
    static bool right(const result<std::size_t>& count) { return count == size; }
    task<void> wake() {
        std::array<std::byte, size> read;
        EXPECT_EQ(::read(ends[0], read.data(), size), static_cast<ssize_t>(size));
        co_return;
    }
};
struct listens {
    tcp_listener listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
    static bool right(const result<tcp_stream>& accepted) { return accepted.has_value(); }
    task<void> wake() {
        value_or_throw(co_await tcp_stream::connect(value_or_throw(listener.local_address())));
    }
};
struct accept_kind : listens {
    auto wait() { return listener.accept(); }
};
struct accept_stream_kind : listens {
    tcp_accept_stream stream = value_or_throw(listener.accept_many());
    auto wait() { return stream.next(); }
};
struct datagram_kind {
    udp_socket near = value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)));
    udp_socket far = value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)));
    std::array<std::byte, 8> bytes;
    std::array<std::byte, 3> sent{};
    auto wait() { return near.recv(bytes); }
    static bool right(const result<datagram_size>& got) {
        return got.has_value() && got->size == 3;
    }
    task<void> wake() {
        EXPECT_EQ(co_await far.send_to(sent, value_or_throw(near.local_address())), 3);
    }
};
struct connected {
    std::pair<unix_stream, unix_stream> ends = value_or_throw(unix_stream::pair());
    std::array<std::byte, 8> bytes;
    std::array<std::byte, 3> sent{};
    task<void> wake() { EXPECT_TRUE(co_await ends.second.write_all(sent)); }
};
struct stream_kind : connected {
    auto wait() { return ends.first.read_some(bytes); }
    static bool right(const result<std::size_t>& count) { return count == 3; }
};
struct receive_stream_kind : connected {
    receive_stream stream = value_or_throw(receive_stream::open(ends.first.fd()));
    auto wait() { return stream.next(); }
    static bool right(const result<buffer_lease>& lease) {
        return lease.has_value() && lease->size() == 3;
    }
};

}  // namespace spargio::runtime_test
