// The simulated kernel itself: a test bench that lies is worse than none.

#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <tuple>

#include "every_operation.hpp"
#include "nop_operation.hpp"
#include "spargio/testing/fault_sweep.hpp"

namespace spargio::ring_test {
namespace {

using testing::fault_plan;
using testing::request_kind;
using testing::scripted_outcome;
using testing::simulated_kernel;

/// In which order twenty operations end, and when.
std::string history(std::uint64_t seed) {
    simulated_kernel kernel(alone(seed));
    stepped_ring ring(kernel);
    std::deque<awaited<nop_operation>> nops(20);
    std::string text;
    for (auto& nop : nops)
        ring->submit(nop.op);
    std::set<std::size_t> ended;
    while (ended.size() < nops.size()) {
        ring.wait();
        for (std::size_t i = 0; i < nops.size(); ++i) {
            if (nops[i].done() && ended.insert(i).second)
                text += std::to_string(i) + '@' + std::to_string(kernel.now_ns()) + ' ';
        }
    }
    return text;
}

TEST(SimulatedKernel, TheSeedDecidesEverything) {
    EXPECT_EQ(history(1), history(1));
    EXPECT_NE(history(1), history(2));
}

TEST(SimulatedKernel, WaitsTakeNoTime) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    const std::uint64_t before = kernel.now_ns();
    ring.wait(3'600'000'000'000);
    EXPECT_GE(kernel.now_ns(), before + 3'600'000'000'000);
    EXPECT_LT(kernel.now_ns(), before + 3'600'001'000'000);
}

TEST(SimulatedKernel, ScriptedDelaysAreKept) {
    simulated_kernel kernel(alone(1));
    kernel.script({.kind = request_kind::nop, .delay_ns = 5'000'000});
    stepped_ring ring(kernel);
    awaited<nop_operation> nop;
    const std::uint64_t before = kernel.now_ns();
    EXPECT_EQ(ring.run(nop), 0);
    EXPECT_GE(kernel.now_ns(), before + 5'000'000);
}

TEST(SimulatedKernel, WhoSpinsGetsAhead) {
    simulated_kernel kernel(alone(1));
    kernel.script({.kind = request_kind::nop, .delay_ns = 50'000});
    stepped_ring ring(kernel);
    awaited<nop_operation> nop;
    ring->submit(nop.op);
    ring->flush();
    while (!ring->entry_wanted())
        (void)kernel.now_ns();
    EXPECT_EQ(ring.turn(), 1u);
}

TEST(SimulatedKernel, CooperativeRingsShowCompletionsAtTheTick) {
    simulated_kernel kernel(alone(1));
    kernel.script({.kind = request_kind::nop, .delay_ns = 1'000, .times = 2});
    stepped_ring cooperative(kernel);
    stepped_ring deferred(kernel, {.entries = 16, .cq_entries = 64, .deferred = true});
    awaited<nop_operation> one, other;
    cooperative->submit(one.op);
    deferred->submit(other.op);
    cooperative->flush();
    deferred->flush();
    kernel.advance(100'000);
    EXPECT_FALSE(cooperative->completions_visible());
    kernel.advance(2'000'000);
    EXPECT_TRUE(cooperative->completions_visible());
    EXPECT_FALSE(deferred->completions_visible());
    EXPECT_TRUE(deferred->entry_wanted());
    cooperative.finish(one);
    deferred.finish(other);
}

TEST(SimulatedKernelDeathTest, AWaitForNothingIsReported) {
    const auto wait_for_ever = [] {
        simulated_kernel kernel(alone(17));
        const auto stream = kernel.stream_pair();
        stepped_ring ring(kernel);
        std::array<std::byte, 1> buffer{};
        awaited<recv_operation> receive(stream.first, buffer);
        ring.run(receive);
    };
    EXPECT_DEATH(wait_for_ever(), "seed 17.*waits for what never comes.*\n.*recv on");
}

TEST(SimulatedKernel, RingsOfSeveralThreadsShareOneClock) {
    // Each thread in turn strikes the other's ring after a virtual second.
    constexpr unsigned rounds = 200;
    auto options = alone(3);
    simulated_kernel kernel(options);
    std::array<std::atomic<int>, 2> descriptors = {-1, -1};
    std::atomic<unsigned> done = 0;
    const auto play = [&](unsigned self) {
        stepped_ring ring(kernel);
        descriptors[self] = ring->descriptor();
        descriptors[self].notify_all();
        descriptors[1 - self].wait(-1);
        detail::work_list ready;
        for (unsigned round = 0; round < rounds; ++round) {
            if (round % 2 == self) {
                ring->wait(1'000'000'000);
                while (!ring->send_bell(descriptors[1 - self], 0))
                    ring->flush();
                ring->flush();
            } else {
                while (ring->reap(ready) == 0)
                    ring->wait(kernel::no_timeout);
            }
        }
        ++done;
        while (done < 2)
            ring->wait(1'000'000);
    };
    const std::uint64_t before = kernel.now_ns();
    std::thread other(play, 1);
    play(0);
    other.join();
    const std::uint64_t passed = kernel.now_ns() - before;
    EXPECT_GE(passed, rounds * 1'000'000'000ull);
    EXPECT_LT(passed, (rounds + 5) * 1'000'000'000ull);
    EXPECT_EQ(kernel.foreign_entries(), 0u);
}

TEST(SimulatedKernel, ARingThatWasLeftHoldsNobodyUp) {
    simulated_kernel kernel(alone(1));
    stepped_ring kept(kernel);
    std::atomic<bool> opened = false;
    std::atomic<bool> waited = false;
    std::thread other([&] {
        stepped_ring left(kernel);
        opened = true;
        opened.notify_one();
        left->leave();
        // It neither waits nor ends: the loop of its thread is over, and others' are not.
        waited.wait(false);
    });
    opened.wait(false);
    kept.wait(1'000'000'000);
    waited = true;
    waited.notify_one();
    other.join();
}

TEST(SimulatedKernel, TheClockWaitsWhileItIsHeld) {
    simulated_kernel kernel({.seed = 1});
    std::optional<simulated_kernel::clock_hold> hold(kernel);
    std::atomic<bool> woke = false;
    std::atomic<int> started = 0;
    std::thread waiting([&] {
        stepped_ring ring(kernel);
        started = 1;
        started.notify_one();
        ring->wait(1'000'000'000'000);
        woke = true;
    });
    started.wait(0);
    for (int i = 0; i < 1000; ++i)
        EXPECT_LT(kernel.now_ns(), 900'000'000'000u);
    EXPECT_FALSE(woke);
    hold.reset();
    waiting.join();
    EXPECT_GE(kernel.now_ns(), 1'000'000'000'000u);
}

TEST(SimulatedKernel, StreamsEndAsTheyDoInTcp) {
    simulated_kernel kernel(alone(1));
    std::array<std::byte, 8> buffer{};
    auto [one, other] = kernel.stream_pair(4);
    EXPECT_EQ(kernel.write(one, bytes_of("abcdef")), 4);
    EXPECT_EQ(kernel.write(one, bytes_of("ef")), -EAGAIN);
    EXPECT_EQ(kernel.read(other, std::span(buffer).first(3)), 3);
    EXPECT_EQ(kernel.close(one), 0);
    EXPECT_EQ(kernel.read(other, buffer), 1);
    EXPECT_EQ(kernel.read(other, buffer), 0);
    EXPECT_EQ(kernel.write(other, bytes_of("x")), -EPIPE);
    EXPECT_EQ(kernel.close(other), 0);
    EXPECT_EQ(kernel.close(other), -EBADF);

    std::tie(one, other) = kernel.stream_pair();
    EXPECT_EQ(kernel.write(one, bytes_of("unread")), 6);
    EXPECT_EQ(kernel.close(other), 0);
    EXPECT_EQ(kernel.read(one, buffer), -ECONNRESET);
    EXPECT_EQ(kernel.close(one), 0);
    EXPECT_EQ(kernel.open_descriptors(), 0u);
}

TEST(SimulatedKernel, ClosedNumbersAreReusedAtOnce) {
    simulated_kernel kernel(alone(1));
    const auto [one, other] = kernel.stream_pair();
    kernel.close(one);
    EXPECT_EQ(kernel.socket(), one);
    EXPECT_NE(kernel.socket(), other);
}

TEST(SimulatedKernel, AConnectWaitsForRoomInTheBacklog) {
    simulated_kernel kernel(alone(1));
    const auto address = unix_address("crowded");
    const auto* generic = reinterpret_cast<const ::sockaddr*>(&address);
    const int listener = kernel.listen(generic, sizeof address, 1);
    ASSERT_EQ(kernel.connect(kernel.socket(), generic, sizeof address), 0);
    stepped_ring ring(kernel);
    awaited<connect_operation> connect(kernel.socket(), generic, unsigned{sizeof address});
    ring->submit(connect.op);
    ring.turn();
    kernel.settle();
    ring.turn();
    EXPECT_FALSE(connect.done());
    EXPECT_GE(kernel.accept(listener), 0);
    EXPECT_EQ(ring.finish(connect), 0);
}

TEST(SimulatedKernel, FilesKeepTheirBytes) {
    simulated_kernel kernel(alone(1));
    kernel.put_file("/tmp/a", bytes_of("hello"));
    EXPECT_EQ(kernel.open("/tmp/none", 0), -ENOENT);
    EXPECT_EQ(kernel.open("/none/a", O_CREAT), -ENOENT);
    const int file = kernel.open("/tmp/a", O_RDWR | O_APPEND);
    EXPECT_EQ(kernel.write(file, bytes_of(" world")), 6);
    EXPECT_EQ(text_of(kernel.file("/tmp/a").value()), "hello world");
    EXPECT_FALSE(kernel.file("/tmp").has_value());
    kernel.close(file);
}

TEST(SimulatedKernel, DescriptorsRunOut) {
    auto options = alone(1);
    options.descriptors = 2;
    simulated_kernel kernel(options);
    EXPECT_GE(kernel.socket(), 0);
    EXPECT_GE(kernel.socket(), 0);
    EXPECT_EQ(kernel.socket(), -EMFILE);
}

TEST(SimulatedKernel, ScriptsApplyToWhatTheyFit) {
    simulated_kernel kernel(alone(1));
    const auto [one, other] = kernel.stream_pair();
    kernel.script({.kind = request_kind::send, .descriptor = other, .most = 2, .times = 2});
    stepped_ring ring(kernel);
    const int expected[] = {2, 2, 5};
    for (const int sent : expected) {
        awaited<send_operation> cut(other, bytes_of("hello"));
        EXPECT_EQ(ring.run(cut), sent);
    }
    awaited<send_operation> whole(one, bytes_of("hello"));
    EXPECT_EQ(ring.run(whole), 5);
}

struct linked_nop : operation {
    linked_nop() : operation(kind) {}
    static void prepare(const operation&, ::io_uring_sqe& request) noexcept {
        io_uring_prep_nop(&request);
        request.flags = IOSQE_IO_LINK;
    }
    static constexpr operation_type kind{"linked", prepare};
};
struct tee : operation {
    tee() : operation(kind) {}
    static void prepare(const operation&, ::io_uring_sqe& request) noexcept {
        io_uring_prep_tee(&request, 0, 0, 0, 0);
    }
    static constexpr operation_type kind{"tee", prepare};
};

TEST(SimulatedKernel, WhatItCannotDoItRefuses) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    awaited<linked_nop> link;
    awaited<tee> unknown;
    EXPECT_EQ(ring.run(link), -EINVAL);
    EXPECT_EQ(ring.run(unknown), -EINVAL);
}

TEST(FaultPlan, NumbersEveryFaultOfEveryPlace) {
    constexpr std::array faults = {-EIO, -ENOSPC};
    for (std::uint64_t point = 0; point < 4; ++point) {
        fault_plan plan(point);
        for (std::uint64_t place = 0; place < 2; ++place) {
            const auto fault = plan.meet("request", request_kind::write, faults);
            EXPECT_EQ(fault.has_value(), point / 2 == place);
            if (fault) {
                EXPECT_EQ(*fault, faults[point % 2]);
            }
        }
        EXPECT_TRUE(plan.hit());
        EXPECT_EQ(plan.points(), 4u);
    }
    fault_plan plan(1);
    EXPECT_EQ(plan.describe(), "fault 1: not met");
    (void)plan.meet("request", request_kind::write, faults);
    EXPECT_EQ(plan.describe(), "fault 1: request write answers No space left on device");
    EXPECT_EQ(fault_plan().describe(), "no fault");
}

TEST(FaultPlan, ASweepEndsWithTheFirstFaultlessRun) {
    unsigned runs = 0;
    std::set<std::string> seen;
    const auto hit = testing::fault_sweep(
        [&](simulated_kernel& kernel) {
            ++runs;
            {
                stepped_ring ring(kernel);
                if (ring.opened()) {
                    awaited<nop_operation> nop;
                    ring.run(nop);
                }
            }
            EXPECT_TRUE(seen.insert(kernel.describe()).second);
        },
        alone(1));
    EXPECT_EQ(hit + 1, runs);
    EXPECT_TRUE(seen.contains("seed 1, fault 0: set-up answers Cannot allocate memory"));
}

}  // namespace
}  // namespace spargio::ring_test
