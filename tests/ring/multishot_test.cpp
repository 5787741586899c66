// Operations with several completions, and buffers the kernel chooses, a ring at a time.

#include <algorithm>
#include <cerrno>
#include <thread>
#include <vector>

#include "every_operation.hpp"
#include "spargio/ring/buffer_ring.hpp"
#include "spargio/ring/ops/accept_many.hpp"
#include "spargio/ring/ops/receive_many.hpp"
#include "spargio/ring/ops/send_zc.hpp"

namespace spargio::ring_test {
namespace {

using state = operation::state;

/// Keeps what arrives.
struct recorder final : arrival_sink {
    void arrived(const arrival& what, detail::work_list&) noexcept override { all.push_back(what); }
    std::vector<arrival> all;
};

class Multishot : public OnEveryKernel {
protected:
    Multishot() { options.end_multishot_percent = 0; }

    static constexpr unsigned buffer_count = 8;
    static constexpr std::size_t buffer_size = 16;

    std::unique_ptr<buffer_ring> provide(ring& io, unsigned count = buffer_count) {
        auto opened = buffer_ring::open(entry(), io.descriptor(), 0, buffer_count, false);
        EXPECT_TRUE(opened);
        for (unsigned number = 0; number != count; ++number)
            (*opened)->add(number, memory_of(number));
        return std::move(*opened);
    }
    std::span<std::byte> memory_of(unsigned number) {
        return std::span(memory_).subspan(number * buffer_size, buffer_size);
    }

    std::array<std::byte, buffer_count * buffer_size> memory_{};
    recorder sink_;
};

TEST_P(Multishot, OneRequestReceivesAgainAndAgain) {
    std::unique_ptr<buffer_ring> buffers;
    stepped_ring ring(entry(), small());
    buffers = provide(*ring);
    const auto ends = stream_pair();
    awaited<receive_many_operation> receive(ends.first, sink_);
    receive.op.set_many(0, false);
    ring->submit(receive.op);
    for (const char* text : {"one", "two", "three"}) {
        const std::size_t before = sink_.all.size();
        write(ends.second, text);
        ring.wait_until([&] { return sink_.all.size() > before; });
        const arrival& last = sink_.all.back();
        ASSERT_NE(last.buffer, arrival::no_buffer);
        EXPECT_EQ(text_of(memory_of(last.buffer).first(static_cast<std::size_t>(last.outcome))),
                  text);
        EXPECT_TRUE(last.more);
        EXPECT_EQ(receive.op.current_state(), state::in_flight);
    }
    EXPECT_EQ(ring->in_flight(), 1u);
    ring->cancel(receive.op);
    EXPECT_EQ(ring.finish(receive), -ECANCELED);
    EXPECT_FALSE(sink_.all.back().more);
    close(ends);
}

TEST_P(Multishot, WithoutABufferItEndsAndSaysSo) {
    std::unique_ptr<buffer_ring> buffers;
    stepped_ring ring(entry(), small());
    buffers = provide(*ring, 1);
    const auto ends = stream_pair();
    awaited<receive_many_operation> receive(ends.first, sink_);
    receive.op.set_many(0, false);
    ring->submit(receive.op);
    write(ends.second, "more than one buffer's sixteen bytes");
    EXPECT_EQ(ring.finish(receive), -ENOBUFS);
    ASSERT_EQ(sink_.all.size(), 2u);
    EXPECT_EQ(sink_.all[0].outcome, 16);
    EXPECT_FALSE(sink_.all[1].more);
    // With a buffer it goes on where it was.
    buffers->add(0, memory_of(0));
    receive.op.rewind();
    receive.waiter.times = 0;
    ring->submit(receive.op);
    ring.wait_until([&] { return sink_.all.size() > 2; });
    EXPECT_EQ(text_of(memory_of(0)), "ffer's sixteen b");
    ring->cancel(receive.op);
    ring.finish(receive);
    close(ends);
}

TEST_P(Multishot, TheEndOfTheStreamIsTheLast) {
    std::unique_ptr<buffer_ring> buffers;
    stepped_ring ring(entry(), small());
    buffers = provide(*ring);
    const auto ends = stream_pair();
    awaited<receive_many_operation> receive(ends.first, sink_);
    receive.op.set_many(0, false);
    ring->submit(receive.op);
    write(ends.second, "bytes");
    close({-1, ends.second});
    EXPECT_EQ(ring.finish(receive), 0);
    EXPECT_EQ(sink_.all.front().outcome, 5);
    close({ends.first, -1});
}

/// EINVAL where the caller forgot that a multishot receive chooses its buffers.
TEST_P(Multishot, IsToChooseItsBuffers) {
    stepped_ring ring(entry(), small());
    const auto ends = stream_pair();
    awaited<receive_many_operation> receive(ends.first, sink_);
    receive.op.set_many(7, false);  // no such group
    EXPECT_EQ(ring.run(receive), -ENOBUFS);
    close(ends);
}

TEST_P(Multishot, AWaitForBytesTakesNone) {
    stepped_ring ring(entry(), small());
    const auto ends = stream_pair();
    awaited<receive_many_operation> receive(ends.first, sink_);
    receive.op.set_once(memory_of(0));
    EXPECT_EQ(ring.run(receive), -EAGAIN) << "it waited";
    receive.op.rewind();
    receive.waiter.times = 0;
    receive.op.set_poll();
    ring->submit(receive.op);
    write(ends.second, "bytes");
    EXPECT_GT(ring.finish(receive), 0);
    receive.op.rewind();
    receive.waiter.times = 0;
    receive.op.set_once(memory_of(0));
    EXPECT_EQ(ring.run(receive), 5);
    EXPECT_EQ(text_of(memory_of(0).first(5)), "bytes");
    close(ends);
}

TEST_P(Multishot, AnotherThreadMayTakeWhatArrives) {
    std::unique_ptr<buffer_ring> buffers;
    stepped_ring ring(entry(), small());
    buffers = provide(*ring);
    const auto ends = stream_pair();
    awaited<receive_many_operation> receive(ends.first, sink_);
    receive.op.set_many(0, false);
    ring->submit(receive.op);
    ring->flush();
    write(ends.second, "bytes");
    while (!ring->completions_visible())
        ring->wait(1'000'000);
    std::thread([&] {
        detail::work_list ready;
        ring->reap(ready);
        EXPECT_TRUE(ready.empty()) << "it goes on";
    }).join();
    ASSERT_EQ(sink_.all.size(), 1u);
    EXPECT_EQ(sink_.all[0].outcome, 5);
    ring->cancel(receive.op);
    ring.finish(receive);
    close(ends);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Multishot, ::testing::ValuesIn(all_kernels), name_of);

// --- on the simulated kernel ---------------------------------------------------------------------

/// An overflowing completion queue ends a request that would go on, and loses nothing of it.
TEST(MultishotOverflow, EndsItAndLosesNothing) {
    auto options = alone(testing::process_seed());
    options.cq_entries = 2;
    options.end_multishot_percent = 0;
    testing::simulated_kernel kernel(options);
    std::vector<int> accepted;
    {
        stepped_ring ring(kernel);
        const auto address = unix_address("many");
        const auto* generic = reinterpret_cast<const ::sockaddr*>(&address);
        const int listener = kernel.listen(generic, sizeof address);
        for (int at = 0; at < 12; ++at)
            EXPECT_EQ(kernel.connect(kernel.socket(), generic, sizeof address), 0);
        recorder sink;
        awaited<accept_many_operation> accept(listener, sink);
        unsigned submits = 0;
        for (;; ++submits) {
            ring->submit(accept.op);
            // Nobody takes anything before the queue is full.
            ring->flush();
            kernel.settle();
            if (sink.all.size() == 12)
                break;
            ring.wait_until([&] { return accept.done() || sink.all.size() == 12; });
            if (!accept.done())
                break;
            accept.op.rewind();
            accept.waiter.times = 0;
        }
        EXPECT_GT(submits, 0u) << "no overflow ended it";
        ring->cancel(accept.op);
        ring.wait_until([&] { return accept.done(); });
        for (const arrival& each : sink.all) {
            if (each.outcome >= 0)
                accepted.push_back(each.outcome);
        }
    }
    EXPECT_EQ(accepted.size(), 12u);
}

/// The result first, the buffer when the kernel says so; a cancel in between changes nothing.
TEST(ZeroCopy, IsInFlightUntilItsNotification) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        auto options = alone(seed);
        options.notification_delay_ns = 1'000'000;
        testing::simulated_kernel kernel(options);
        {
            stepped_ring ring(kernel);
            const auto ends = kernel.stream_pair();
            recorder sink;
            std::array<std::byte, 5> bytes;
            std::ranges::copy(bytes_of("hello"), bytes.begin());
            awaited<send_zc_operation> send(ends.first, bytes, sink);
            ring->submit(send.op);
            ring.wait_until([&] { return !sink.all.empty(); });
            EXPECT_EQ(sink.all[0].outcome, 5);
            EXPECT_TRUE(sink.all[0].more);
            EXPECT_EQ(send.op.current_state(), state::in_flight);
            ring->cancel(send.op);
            ring.finish(send);
            ASSERT_EQ(sink.all.size(), 2u);
            EXPECT_TRUE(sink.all[1].notification);
            EXPECT_FALSE(send_zc_operation::copied(sink.all[1]));
        }
        EXPECT_EQ(kernel.overwritten_sends(), 0u);
    }
}

TEST(ZeroCopy, BytesChangedTooEarlyAreSeen) {
    auto options = alone(1);
    options.notification_delay_ns = 1'000'000;
    testing::simulated_kernel kernel(options);
    stepped_ring ring(kernel);
    const auto ends = kernel.stream_pair();
    recorder sink;
    std::array<std::byte, 5> bytes{};
    awaited<send_zc_operation> send(ends.first, bytes, sink);
    ring->submit(send.op);
    ring.wait_until([&] { return !sink.all.empty(); });
    bytes[0] = std::byte{1};
    ring.finish(send);
    EXPECT_EQ(kernel.overwritten_sends(), 1u);
}

}  // namespace
}  // namespace spargio::ring_test
