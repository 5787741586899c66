// How soon what becomes ready on a stuck shard goes on elsewhere, in each way that it can.
//
// With SPARGIO_QUIET set, on a machine that does nothing else, it is held to what is promised: in
// the median 100 us while another shard is awake and 2 ms when all others slept, always 10 ms. A
// busy machine is late by itself, but not always: there the median is within 10 ms in one of some
// tries, and the best of all within ten times the median that is promised.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <tuple>

#include "spargio/runtime/yield.hpp"
#include "spargio/time/timeout.hpp"
#include "stuck_shard.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using runtime_test::pipe_ends;
using runtime_test::read_from;
using runtime_test::spin_until;
using clock = std::chrono::steady_clock;

/// A stealable task of shard 0, and how it becomes ready while that shard is stuck.
class readiness {
public:
    virtual ~readiness() = default;
    /// On shard 0, before it is stuck.
    virtual void begin() { start(true); }
    /// Called by a thread that is no shard's, when shard 0 is stuck.
    virtual void act(const runtime&) {}
    /// Called by the stuck shard.
    virtual void act_there() {}

    [[nodiscard]] bool begun() const { return begun_; }
    /// Returns when the task has gone on, or after ten seconds. \return whether it has.
    [[nodiscard]] bool awaited_spinning() const { return spin_until(has_gone_on_); }
    [[nodiscard]] bool awaited_sleeping() { return told_.try_acquire_for(10s); }
    /// \return how late it was
    [[nodiscard]] task<std::chrono::nanoseconds> end() {
        co_await *task_;
        co_return went_on_ - due;
    }

protected:
    virtual task<void> wait() { co_return; }
    void start(bool from_there) {
        begun_ = !from_there;
        task_ =
            value_or_throw(this_runtime().spawn_stealable_on(0, [this, from_there]() -> task<void> {
                // It may have been stolen already.
                if (from_there) {
                    EXPECT_TRUE(co_await reschedule_on(0));
                    begun_ = true;
                }
                co_await wait();
                goes_on();
            }));
    }
    void start_from_outside(const runtime& own) {
        task_ = value_or_throw(own.handle().spawn_stealable_on(0, [this]() -> task<void> {
            goes_on();
            co_return;
        }));
    }
    [[nodiscard]] join_handle<void>& waiting() { return *task_; }

    clock::time_point due;

private:
    void goes_on() {
        went_on_ = clock::now();
        has_gone_on_.store(true, std::memory_order_release);
        told_.release();
    }

    clock::time_point went_on_;
    std::atomic<bool> begun_ = true;
    std::atomic<bool> has_gone_on_ = false;
    std::binary_semaphore told_{0};
    std::optional<join_handle<void>> task_;
};

class timer_fires final : public readiness {
    task<void> wait() override {
        due = clock::now() + 3ms;
        EXPECT_TRUE(co_await sleep_for(3ms));
    }
};

class deadline_passes final : public readiness {
    task<void> wait() override {
        due = clock::now() + 3ms;
        std::array<std::byte, 8> bytes;
        const auto read = co_await timeout(3ms, read_from(silent_.reader(), bytes));
        EXPECT_EQ(read.error(), std::errc::timed_out);
    }
    pipe_ends silent_;
};

class completion_comes final : public readiness {
    task<void> wait() override {
        std::array<std::byte, 8> bytes;
        EXPECT_EQ(co_await read_from(pipe_.reader(), bytes), 1u);
    }
    void act(const runtime&) override {
        due = clock::now();
        pipe_.write();
    }
    pipe_ends pipe_;
};

class operation_is_cancelled final : public readiness {
    task<void> wait() override {
        std::array<std::byte, 8> bytes;
        const auto read = co_await read_from(silent_.reader(), bytes);
        EXPECT_EQ(read.error(), std::errc::operation_canceled);
    }
    void act(const runtime&) override {
        due = clock::now();
        waiting().request_stop();
    }
    pipe_ends silent_;
};

class task_is_spawned_there final : public readiness {
    void begin() override {}
    void act_there() override {
        due = clock::now();
        start(false);
    }
};

class task_is_spawned_by_a_thread final : public readiness {
    void begin() override {}
    void act(const runtime& own) override {
        due = clock::now();
        start_from_outside(own);
    }
};

struct way {
    const char* name;
    std::unique_ptr<readiness> (*make)();
};
template <class Kind>
constexpr way way_of(const char* name) {
    return {name, []() -> std::unique_ptr<readiness> { return std::make_unique<Kind>(); }};
}

enum class stuck { spinning, sleeping };
enum class others { awake, asleep };

std::chrono::nanoseconds lateness(runtime& own, const way& becoming_ready, stuck how) {
    return own.block_on(0, [&]() -> task<std::chrono::nanoseconds> {
        const auto measured = becoming_ready.make();
        measured->begin();
        // The other one lets it get that far.
        do {
            (void)co_await sleep_for(1ms);
        } while (!measured->begun());
        {
            std::jthread outside([&] {
                // For long enough that the shard is known to be stuck.
                std::this_thread::sleep_for(500us);
                measured->act(own);
            });
            measured->act_there();
            EXPECT_TRUE(how == stuck::spinning ? measured->awaited_spinning()
                                               : measured->awaited_sleeping());
        }
        co_return co_await measured->end();
    });
}

class RescueLatency : public ::testing::TestWithParam<std::tuple<way, stuck, others>> {
protected:
    struct taken {
        std::chrono::nanoseconds best, median, worst;
    };
    /// Before each round the other shard has time to fall asleep, unless it is kept awake.
    [[nodiscard]] taken take() {
        const auto& [becoming_ready, how, rest] = GetParam();
        std::array<std::chrono::nanoseconds, 15> late;
        for (auto& each : late) {
            if (rest == others::asleep)
                std::this_thread::sleep_for(20ms);
            each = lateness(own, becoming_ready, how);
        }
        std::sort(late.begin(), late.end());
        RecordProperty("median_us", static_cast<int>(late[late.size() / 2] / 1us));
        RecordProperty("worst_us", static_cast<int>(late.back() / 1us));
        return {.best = late.front(), .median = late[late.size() / 2], .worst = late.back()};
    }

    runtime own = runtime_test::built(runtime_builder().shards(2).rescue({.linger_ms = 5}));
};

TEST_P(RescueLatency, IsWithinItsBounds) {
    const bool asleep = std::get<others>(GetParam()) == others::asleep;
    const std::chrono::nanoseconds promised = asleep ? 2ms : 100us;
    constexpr std::chrono::nanoseconds longest = 10ms;
    std::atomic<bool> over = asleep;
    auto awake = value_or_throw(own.handle().spawn_pinned(1, [&over]() -> task<void> {
        while (!over)
            co_await yield();
    }));
    taken late = take();
    if (std::getenv("SPARGIO_QUIET") != nullptr) {
        EXPECT_LE(late.median, promised);
        EXPECT_LE(late.worst, longest);
    } else {
        auto best = late.best;
        for (int tries = 1; tries != 10 && (late.median >= longest || best > 10 * promised);
             ++tries) {
            late = take();
            best = std::min(best, late.best);
        }
        EXPECT_LT(late.median, longest);
        EXPECT_LE(best, 10 * promised);
    }
    over = true;
    awake.wait();
}

constexpr way ways[] = {
    way_of<timer_fires>("timer"),           way_of<deadline_passes>("deadline"),
    way_of<completion_comes>("completion"), way_of<operation_is_cancelled>("cancel"),
    way_of<task_is_spawned_there>("task"),  way_of<task_is_spawned_by_a_thread>("task_by_a_thread"),
};

INSTANTIATE_TEST_SUITE_P(Runtime, RescueLatency,
                         ::testing::Combine(::testing::ValuesIn(ways),
                                            ::testing::Values(stuck::spinning, stuck::sleeping),
                                            ::testing::Values(others::awake, others::asleep)),
                         [](const auto& tested) {
                             return std::string(std::get<way>(tested.param).name) +
                                    (std::get<stuck>(tested.param) == stuck::spinning
                                         ? "_spinning"
                                         : "_sleeping") +
                                    (std::get<others>(tested.param) == others::awake
                                         ? "_others_awake"
                                         : "_others_asleep");
                         });

}  // namespace
}  // namespace spargio
