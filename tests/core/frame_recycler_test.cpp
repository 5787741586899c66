#include "spargio/core/frame_recycler.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "global_allocations.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/core/when_any.hpp"
#include "test_executor.hpp"

namespace spargio::detail {
namespace {

using test::frames_are_recycled;

constexpr std::size_t bytes_kept_per_class = std::size_t{1} << 20;

#define SKIP_UNLESS_RECYCLED()                                                                     \
    if (!frames_are_recycled)                                                                      \
    GTEST_SKIP() << "address sanitizer: frames go back to the global allocator"

/// A fresh thread has no blocks yet, whatever ran before.
template <class Function>
void on_a_fresh_thread(Function function) {
    std::jthread(std::move(function)).join();
}

TEST(FramePool, EachSizeFitsItsClassAndNotTheOneBelow) {
    for (std::size_t bytes = 1; bytes <= frame_pool::largest; ++bytes) {
        const std::size_t index = frame_pool::class_of(bytes);
        ASSERT_LT(index, frame_pool::class_count) << bytes;
        ASSERT_GE(frame_pool::class_size(index), bytes);
        if (index != 0) {
            ASSERT_LT(frame_pool::class_size(index - 1), bytes);
        }
    }
}

TEST(FramePool, KeepsNothingUntilOpenedAndAfterClose) {
    frame_pool pool;
    void* block = ::operator new(64);
    EXPECT_FALSE(pool.keep(block, 64));
    pool.open(4096);
    EXPECT_TRUE(pool.keep(block, 64));
    pool.close();
    EXPECT_EQ(pool.take(64), nullptr);
    void* late = ::operator new(64);
    EXPECT_FALSE(pool.keep(late, 64));
    ::operator delete(late);
}

TEST(FramePool, KeepsAsManyBytesOfEachClassAsItWasOpenedFor) {
    frame_pool pool;
    pool.open(4096);
    for (std::size_t index = 0; index != frame_pool::class_count; ++index) {
        const std::size_t size = frame_pool::class_size(index);
        std::size_t kept = 0;
        for (;;) {
            void* block = ::operator new(size);
            if (!pool.keep(block, size)) {
                ::operator delete(block);
                break;
            }
            ++kept;
        }
        EXPECT_EQ(kept, 4096 / size) << size;
    }
    pool.close();
}

TEST(FramePool, RoomComesBackWithEachBlockTaken) {
    frame_pool pool;
    pool.open(64);
    void* block = ::operator new(64);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(pool.keep(block, 64));
        ASSERT_EQ(pool.take(64), block);
    }
    ::operator delete(block);
}

TEST(FrameRecycler, GivesTheBlockFreedLastFirst) {
    SKIP_UNLESS_RECYCLED();
    on_a_fresh_thread([] {
        void* first = allocate_frame(100);
        void* second = allocate_frame(100);
        free_frame(first, 100);
        free_frame(second, 100);
        EXPECT_EQ(allocate_frame(100), second);
        EXPECT_EQ(allocate_frame(100), first);
        free_frame(first, 100);
        free_frame(second, 100);
    });
}

TEST(FrameRecycler, SizesOfOneClassShareBlocks) {
    SKIP_UNLESS_RECYCLED();
    on_a_fresh_thread([] {
        void* block = allocate_frame(65);
        free_frame(block, 65);
        EXPECT_EQ(allocate_frame(128), block);
        free_frame(block, 128);
    });
}

TEST(FrameRecycler, SizesOfDifferentClassesDoNot) {
    SKIP_UNLESS_RECYCLED();
    on_a_fresh_thread([] {
        void* small = allocate_frame(64);
        free_frame(small, 64);
        void* larger = allocate_frame(65);
        EXPECT_NE(larger, small);
        free_frame(larger, 65);
    });
}

TEST(FrameRecycler, BlocksAreAlignedForAnyOrdinaryType) {
    for (std::size_t bytes = 1; bytes < 40'000; bytes = bytes * 3 / 2 + 1) {
        void* block = allocate_frame(bytes);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0U);
        free_frame(block, bytes);
    }
}

TEST(FrameRecycler, BlocksBeyondTheLargestClassAreNotKept) {
    on_a_fresh_thread([] {
        const std::size_t bytes = frame_pool::largest + 1;
        free_frame(allocate_frame(bytes), bytes);
        const std::size_t before = frames_from_global_allocator();
        free_frame(allocate_frame(bytes), bytes);
        EXPECT_EQ(frames_from_global_allocator(), before + 1);
    });
}

TEST(FrameRecycler, KeepsNoMoreThanItsBoundOfAClassAndAsMuchBetweenThreads) {
    SKIP_UNLESS_RECYCLED();
    on_a_fresh_thread([] {
        // A size of its own: nothing of the class lies between threads yet.
        constexpr std::size_t size = 512;
        constexpr std::size_t kept = bytes_kept_per_class / size;
        std::vector<void*> blocks(4 * kept);
        for (void*& block : blocks)
            block = allocate_frame(size);
        for (void* block : blocks)
            free_frame(block, size);
        const std::size_t before = frames_from_global_allocator();
        for (void*& block : blocks)
            block = allocate_frame(size);
        EXPECT_EQ(frames_from_global_allocator() - before, 2 * kept);
        for (void* block : blocks)
            free_frame(block, size);
    });
}

TEST(FrameRecycler, BlockStaysOnTheThreadThatFreesIt) {
    SKIP_UNLESS_RECYCLED();
    on_a_fresh_thread([] {
        void* block = allocate_frame(500);
        on_a_fresh_thread([block] {
            free_frame(block, 500);
            const std::size_t before = frames_from_global_allocator();
            void* again = allocate_frame(500);
            EXPECT_EQ(again, block);
            EXPECT_EQ(frames_from_global_allocator(), before);
            free_frame(again, 500);
        });
    });
}

TEST(FrameRecycler, ThreadThatEndsGivesItsBlocksBack) {
    if (!test::global_allocations_are_counted)
        GTEST_SKIP() << "thread sanitizer: global allocations are not counted";
    const std::size_t before = test::global_blocks_in_use();
    on_a_fresh_thread([] {
        // Fewer than a thread keeps of the largest: none is handed on.
        std::vector<void*> blocks(60);
        for (std::size_t bytes : {std::size_t{64}, std::size_t{1000}, frame_pool::largest}) {
            for (void*& block : blocks)
                block = allocate_frame(bytes);
            for (void* block : blocks)
                free_frame(block, bytes);
        }
    });
    EXPECT_EQ(test::global_blocks_in_use(), before);
}

TEST(FrameRecycler, FrameFreedAfterTheThreadsListsAreGoneIsNotKept) {
    struct late {
        void* block = nullptr;
        ~late() { free_frame(block, 64); }
    };
    if (!test::global_allocations_are_counted)
        GTEST_SKIP() << "thread sanitizer: global allocations are not counted";
    const std::size_t before = test::global_blocks_in_use();
    on_a_fresh_thread([] {
        thread_local late freed_last;  // made before the lists are, so it dies after them
        freed_last.block = allocate_frame(64);
        free_frame(allocate_frame(64), 64);
    });
    EXPECT_EQ(test::global_blocks_in_use(), before);
}

task<long> fib(int n) {
    if (n < 2)
        co_return n;
    const long a = co_await fib(n - 1);
    const long b = co_await fib(n - 2);
    co_return a + b;
}

task<long> forked(int n) {
    if (n < 2)
        co_return n;
    auto [a, b] = co_await when_all(forked(n - 1), forked(n - 2));
    auto first = co_await when_any(fib(1), fib(1));
    co_return a + b + static_cast<long>(first.index());
}

TEST(FrameRecycler, SteadyStateTakesNothingFromTheGlobalAllocator) {
    SKIP_UNLESS_RECYCLED();
    auto round = [](test::test_executor& executor) {
        test::root<long> calls(executor, fib(15));
        test::root<long> forks(executor, forked(10));
        executor.run();
        EXPECT_EQ(calls.take(), 610);
        EXPECT_EQ(forks.take(), 55);
    };
    test::test_executor executor;
    round(executor);  // warms the lists
    const std::size_t frames = frames_from_global_allocator();
    const std::size_t allocations = test::global_allocations();
    for (int i = 0; i < 10; ++i)
        round(executor);
    EXPECT_EQ(frames_from_global_allocator(), frames);
    EXPECT_EQ(test::global_allocations(), allocations);
}

/// One thread takes, another frees, as it is with tasks that are stolen steadily.
TEST(FrameRecycler, BlocksFreedElsewhereComeBack) {
    SKIP_UNLESS_RECYCLED();
    constexpr std::size_t bytes = 1024;
    constexpr std::size_t blocks_kept = bytes_kept_per_class / bytes;
    constexpr std::size_t round = 64;
    std::vector<void*> passed(round);
    std::size_t first_rounds = 0;
    std::size_t later_rounds = 0;
    std::atomic<std::size_t> turn = 0;  // even: the taker's, odd: the freeing thread's
    // Until the freeing thread is full, and the depot has some; then as often again.
    constexpr std::size_t rounds = 4 * blocks_kept / round;
    std::jthread freeing([&] {
        for (std::size_t i = 0; i != rounds; ++i) {
            while (turn.load(std::memory_order_acquire) != 2 * i + 1)
                std::this_thread::yield();
            for (void* block : passed)
                free_frame(block, bytes);
            turn.store(2 * i + 2, std::memory_order_release);
        }
    });
    std::jthread taking([&] {
        for (std::size_t i = 0; i != rounds; ++i) {
            while (turn.load(std::memory_order_acquire) != 2 * i)
                std::this_thread::yield();
            const std::size_t before = frames_from_global_allocator();
            for (void*& block : passed)
                block = allocate_frame(bytes);
            (i < rounds / 2 ? first_rounds : later_rounds) +=
                frames_from_global_allocator() - before;
            turn.store(2 * i + 1, std::memory_order_release);
        }
    });
    freeing.join();
    taking.join();
    EXPECT_GE(first_rounds, blocks_kept - round);
    EXPECT_EQ(later_rounds, 0u);
}

}  // namespace
}  // namespace spargio::detail
