// Every kind of await, begun on a shard that is stuck afterwards: the stealable task goes on
// elsewhere, with all it had, and sees where it is; also when the other shard stops it. Built with
// each compiler at each level of optimisation too, like migration_test.cpp.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "awaited_kinds.hpp"
#include "spargio/runtime/yield.hpp"
#include "stuck_shard.hpp"

namespace spargio {
namespace {

using namespace runtime_test;

thread_local unsigned number_of_this_thread = 99;

// Behind a call: the test's compiler may keep the address of a thread-local of the test's own.
[[gnu::noinline]] void number_this_thread(unsigned number) {
    number_of_this_thread = number;
}
[[gnu::noinline]] unsigned number_here() {
    return number_of_this_thread;
}

/// Which shard this is. Whatever tells it says the same.
unsigned whereabouts() {
    const unsigned here = this_shard::id();
    EXPECT_EQ(number_here(), here);
    EXPECT_EQ(shard::current()->index(), here);
    EXPECT_EQ(static_cast<shard*>(detail::current_executor())->index(), here);
    return here;
}

/// Awaits what `wait` returns, between what a coroutine may have around an await.
/// \return where it went on.
template <class Wait, class Right>
task<unsigned> waits(Wait wait, Right right, std::atomic<bool>& waiting) {
    std::array<unsigned, 16> local;
    for (unsigned i = 0; i < 16; ++i)
        local[i] = i * i;
    const auto owned = std::make_unique<unsigned>(7);
    EXPECT_EQ(whereabouts(), 0u);
    waiting.store(true, std::memory_order_release);
    auto outcome = co_await wait();
    const unsigned there = whereabouts();
    EXPECT_TRUE(right(outcome));
    for (unsigned i = 0; i < 16; ++i)
        EXPECT_EQ(local[i], i * i);
    EXPECT_EQ(*owned, 7u);
    co_return there;
}

/// A stealable task awaits wait() on shard 0, which is stuck then, while shard 1 runs
/// end(kind, task). The outcome is to be right(kind, outcome).
template <class Kind, class End, class Right>
void goes_on_elsewhere(End end, Right right) {
    runtime own = with_shards(2);
    for (unsigned shard : {0u, 1u}) {
        own.block_on(shard, [shard]() -> task<void> {
            number_this_thread(shard);
            co_return;
        });
    }
    // What ends at once may have gone on before its shard was stuck; but not always.
    for (int tries = 0; tries < 200; ++tries) {
        const unsigned there = own.block_on(0, [end, right]() -> task<unsigned> {
            Kind kind;
            std::atomic<bool> waiting = false;
            std::atomic<bool> ended = false;
            auto moving = value_or_throw(
                this_runtime().spawn(placement::stealable_preferred(0), [&]() -> task<unsigned> {
                    EXPECT_TRUE(co_await reschedule_on(0));
                    const unsigned where = co_await waits(
                        [&]() -> decltype(auto) { return kind.wait(); },
                        [&](auto& outcome) { return right(kind, outcome); }, waiting);
                    EXPECT_EQ(whereabouts(), where);
                    ended.store(true, std::memory_order_release);
                    co_return where;
                }));
            while (!waiting.load(std::memory_order_acquire))
                co_await yield();
            auto ending = value_or_throw(this_runtime().spawn_pinned(1, end(kind, moving)));
            shard::current()->io().submit_now();
            EXPECT_TRUE(spin_until(ended));
            co_await ending;
            co_return co_await moving;
        });
        if (there == 1)
            return;
    }
    ADD_FAILURE() << "it never went on elsewhere";
}

template <class Kind>
class MigrationOf : public ::testing::Test {};
using kinds =
    ::testing::Types<mutex_kind, semaphore_kind, event_kind, notify_kind, latch_kind, barrier_kind,
                     cancellation_kind, mpmc_kind, mpsc_kind, sending_kind, oneshot_kind,
                     broadcast_kind, watch_kind, boundary_call_kind, boundary_receive_kind,
                     call_kind, message_kind, join_kind, blocking_kind, sleep_kind, interval_kind,
                     file_read_kind, file_write_kind, accept_kind, accept_stream_kind,
                     datagram_kind, stream_kind, receive_stream_kind>;
/// The kind's name.
struct names {
    template <class Kind>
    static std::string GetName(int) {
        const std::string whole = ::testing::internal::GetTypeName<Kind>();
        const auto begin = whole.rfind("::") + 2;
        return whole.substr(begin, whole.rfind("_kind") - begin);
    }
};
TYPED_TEST_SUITE(MigrationOf, kinds, names);

TYPED_TEST(MigrationOf, GoesOnElsewhereWithAllItHad) {
    goes_on_elsewhere<TypeParam>(
        [](TypeParam& kind, auto&) { return kind.wake(); },
        [](TypeParam& kind, auto& outcome) { return kind.right(outcome); });
}

template <class Kind>
class MigrationOfStopped : public ::testing::Test {};
/// Of what ends by nothing but wake(), and by a stop.
using stopped_kinds =
    ::testing::Types<mutex_kind, semaphore_kind, event_kind, notify_kind, latch_kind, barrier_kind,
                     cancellation_kind, mpmc_kind, mpsc_kind, sending_kind, oneshot_kind,
                     broadcast_kind, watch_kind, boundary_call_kind, boundary_receive_kind,
                     message_kind, long_sleep_kind, long_reset_kind, long_interval_kind,
                     file_read_kind, file_write_kind, accept_kind, accept_stream_kind,
                     datagram_kind, stream_kind, receive_stream_kind>;
TYPED_TEST_SUITE(MigrationOfStopped, stopped_kinds, names);

[[nodiscard]] std::error_code code_of(const std::error_code& error) {
    return error;
}
template <class Item>
[[nodiscard]] std::error_code code_of(const unsent<Item>& error) {
    return error.code;
}

TYPED_TEST(MigrationOfStopped, GoesOnElsewhereWithAllItHad) {
    const auto stop = [](TypeParam&, join_handle<unsigned>& moving) -> task<void> {
        moving.request_stop();
        co_return;
    };
    goes_on_elsewhere<TypeParam>(stop, [](TypeParam&, const auto& outcome) {
        return !outcome && code_of(outcome.error()) == std::errc::operation_canceled;
    });
}

}  // namespace
}  // namespace spargio
