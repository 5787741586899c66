// What makes descriptors by a system call, on a simulated kernel. That knows none of them, so it
// answers what it is told to and moves no byte: each of its errors is told as itself, together with
// what was done before it, and leaves no descriptor behind.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "spargio/net/send_file.hpp"
#include "spargio/net/tcp_stream.hpp"
#include "spargio/net/unix_stream.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/testing/fault_sweep.hpp"
#include "trap_steps.hpp"

namespace spargio::trap_test {
namespace {

using testing::request_kind;

/// A request, and what the kernel says to it.
struct step {
    request_kind kind;
    int answer;
};

void script(testing::simulated_kernel& kernel, std::span<const step> steps) {
    for (const step& each : steps)
        kernel.script({.kind = each.kind, .result = each.answer});
}

/// Runs `scenario`, a callable that returns a task, and sees that it leaves nothing.
template <class Scenario>
void run_on(testing::simulated_kernel& kernel, Scenario scenario) {
    const std::size_t before = open_descriptors();
    auto built = runtime_builder().shards(1).ring_entries(16).spin_us(0).build_on(kernel);
    if (!built)
        return;
    built->block_on(std::move(scenario));
    EXPECT_EQ(open_descriptors(), before) << kernel.describe();
    EXPECT_EQ(built->stats(0).operations_in_flight, 0u) << kernel.describe();
    EXPECT_TRUE(built->shutdown_blocking().clean()) << kernel.describe();
}

/// Runs `scenario(kernel, at, error)` for each of the steps and each error it may end with: the
/// steps before it go well. Once more where all do: `at` is their number then.
template <class Scenario>
void at_every_step(std::span<const step> steps, Scenario scenario) {
    for (std::size_t at = 0; at < steps.size(); ++at) {
        for (const int fault : testing::fault_plan::faults_of(steps[at].kind)) {
            if (fault >= 0)
                continue;  // a short transfer
            SCOPED_TRACE(std::to_string(at) + ": " + std::strerror(-fault));
            testing::simulated_kernel kernel;
            script(kernel, steps.first(at));
            script(kernel, std::array{step{steps[at].kind, fault}});
            const std::error_code error(-fault, std::generic_category());
            run_on(kernel, [&] { return scenario(kernel, at, error); });
        }
    }
    testing::simulated_kernel kernel;
    script(kernel, steps);
    run_on(kernel, [&] { return scenario(kernel, steps.size(), std::error_code()); });
}

fs::file some_file() {
    return fs::file::from_fd(::memfd_create("spargio", MFD_CLOEXEC));
}

/// Nobody but the stream has its socket.
void expect_to_end(unix_stream closed, const unix_stream& peer) {
    { const unix_stream last = std::move(closed); }
    char byte;
    EXPECT_EQ(::recv(peer.fd(), &byte, 1, MSG_DONTWAIT), 0);
}

// --- splices -------------------------------------------------------------------------------------

constexpr step sent_pieces[] = {
    {request_kind::splice, 3000},  {request_kind::poll, POLLOUT}, {request_kind::splice, 1000},
    {request_kind::poll, POLLOUT}, {request_kind::splice, 2000},  {request_kind::splice, 500},
    {request_kind::poll, POLLOUT}, {request_kind::splice, 500},   {request_kind::splice, 0},
};
/// What had been sent when a step failed.
constexpr std::uint64_t sent_before[] = {0, 0, 0, 1000, 1000, 3000, 3000, 3000, 3500, 3500};

TEST(RealDescriptors, SendFileTellsEachErrorAndHowFarItCame) {
    at_every_step(sent_pieces, [](auto&, std::size_t at, std::error_code error) -> task<void> {
        auto [stream, peer] = value_or_throw(unix_stream::pair());
        const fs::file from = some_file();
        const transferred sent = co_await send_file(stream, from);
        EXPECT_EQ(sent.error, error);
        EXPECT_EQ(sent.bytes, sent_before[at]);
        expect_to_end(std::move(stream), peer);
    });
}

/// Moves what a pipe takes from one to the other. \return what ended it
template <class From, class To>
task<std::error_code> move_through(splice_pipe& pipe, From& from, To& to) {
    if (pipe.held() == 0) {
        const auto filled = co_await from(pipe);
        if (!filled)
            co_return filled.error();
        EXPECT_EQ(pipe.held(), *filled);
    }
    while (pipe.held() != 0) {
        const std::size_t before = pipe.held();
        const auto drained = co_await to(pipe);
        EXPECT_EQ(pipe.held(), before - drained.value_or(0));
        if (!drained)
            co_return drained.error();
    }
    co_return std::error_code();
}

/// What is to be done after a failed step: who waited for a stream waits for it again.
std::span<const step> left_after(std::span<const step> steps, std::size_t at) {
    const bool waited = at > 0 && steps[at - 1].kind == request_kind::poll;
    return steps.subspan(at != steps.size() && waited ? at - 1 : at);
}

/// An error leaves in the pipe what was in it, and the next call goes on there.
task<void> stop_and_go_on(testing::simulated_kernel& kernel, std::span<const step> left,
                          std::error_code error, std::size_t held, splice_pipe& pipe, auto from,
                          auto to) {
    EXPECT_EQ(co_await move_through(pipe, from, to), error);
    EXPECT_EQ(pipe.held(), held);
    if (left.empty())
        co_return;
    script(kernel, left);
    EXPECT_EQ(co_await move_through(pipe, from, to), std::error_code());
    EXPECT_EQ(pipe.held(), 0u);
}

constexpr step into_file[] = {
    {request_kind::poll, POLLIN},
    {request_kind::splice, 700},
    {request_kind::splice, 300},
    {request_kind::splice, 400},
};
constexpr std::size_t held_into_file[] = {0, 0, 700, 400, 0};

TEST(RealDescriptors, APipeFromAStreamTellsEachErrorAndKeepsWhatItHolds) {
    const auto scenario = [](auto& kernel, std::size_t at, std::error_code error) -> task<void> {
        auto [stream, peer] = value_or_throw(unix_stream::pair());
        fs::file file = some_file();
        auto pipe = value_or_throw(splice_pipe::open());
        co_await stop_and_go_on(
            kernel, left_after(into_file, at), error, held_into_file[at], pipe,
            [&](splice_pipe& filled) { return filled.fill_from(stream); },
            [&](splice_pipe& drained) { return drained.drain_to(file, 0); });
        expect_to_end(std::move(stream), peer);
    };
    at_every_step(into_file, scenario);
}

constexpr step into_stream[] = {
    {request_kind::splice, 700},   {request_kind::poll, POLLOUT}, {request_kind::splice, 300},
    {request_kind::poll, POLLOUT}, {request_kind::splice, 400},
};
constexpr std::size_t held_into_stream[] = {0, 700, 700, 400, 400, 0};

TEST(RealDescriptors, APipeIntoAStreamTellsEachErrorAndKeepsWhatItHolds) {
    const auto scenario = [](auto& kernel, std::size_t at, std::error_code error) -> task<void> {
        auto [stream, peer] = value_or_throw(unix_stream::pair());
        const fs::file file = some_file();
        auto pipe = value_or_throw(splice_pipe::open());
        co_await stop_and_go_on(
            kernel, left_after(into_stream, at), error, held_into_stream[at], pipe,
            [&](splice_pipe& filled) { return filled.fill_from(file, 0); },
            [&](splice_pipe& drained) { return drained.drain_to(stream); });
        expect_to_end(std::move(stream), peer);
    };
    at_every_step(into_stream, scenario);
}

// --- connects ------------------------------------------------------------------------------------

constexpr step three_connects[] = {
    {request_kind::connect, 0}, {request_kind::connect, 0}, {request_kind::connect, 0}};

TEST(RealDescriptors, ConnectTellsEachErrorAndClosesItsSocket) {
    at_every_step(std::span(three_connects).first(1),
                  [](auto&, std::size_t, std::error_code error) -> task<void> {
                      const std::size_t before = open_descriptors();
                      const auto stream =
                          co_await tcp_stream::connect(socket_address::loopback_v4(1));
                      EXPECT_EQ(stream ? std::error_code() : stream.error(), error);
                      EXPECT_EQ(open_descriptors(), before + (stream ? 1 : 0));
                  });
}

task<std::vector<result<tcp_stream>>> connect_three() {
    return tcp_stream::connect_many({{socket_address::loopback_v4(1)},
                                     {socket_address::loopback_v4(2)},
                                     {socket_address::loopback_v4(3)}});
}

TEST(RealDescriptors, OfManyConnectsOneMeetsEachErrorAndTheOthersStay) {
    for (std::size_t failing = 0; failing < 3; ++failing) {
        at_every_step(std::span(three_connects).first(failing + 1),
                      [failing](auto& kernel, std::size_t at, std::error_code error) -> task<void> {
                          kernel.script({.kind = request_kind::connect, .result = 0, .times = 3});
                          const std::size_t before = open_descriptors();
                          const auto all = co_await connect_three();
                          for (std::size_t i = 0; i < all.size(); ++i) {
                              const auto said = all[i] ? std::error_code() : all[i].error();
                              EXPECT_EQ(said, i == at ? error : std::error_code()) << failing;
                          }
                          EXPECT_EQ(open_descriptors(), before + (error ? 2 : 3));
                      });
    }
}

// --- at every point ------------------------------------------------------------------------------

TEST(RealDescriptors, AFaultAtEveryPointEndsInAnAnswer) {
    const auto scenario = [](testing::simulated_kernel& kernel) {
        script(kernel, sent_pieces);
        script(kernel, three_connects);
        run_on(kernel, []() -> task<void> {
            auto [stream, peer] = value_or_throw(unix_stream::pair());
            const fs::file from = some_file();
            const transferred sent = co_await send_file(stream, from);
            EXPECT_TRUE(sent.error || sent.bytes == 3500);
            expect_to_end(std::move(stream), peer);
            const auto all = co_await connect_three();
            EXPECT_LE(std::ranges::count_if(all, [](const auto& each) { return !each; }), 1);
        });
    };
    EXPECT_GT(testing::fault_sweep(scenario, {.missing = {feature::register_message}}), 50u);
}

}  // namespace
}  // namespace spargio::trap_test
