// How many calls the pool takes while its threads are only about to begin, or cannot be had.

#include "spargio/runtime/blocking_pool.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <latch>

namespace spargio {
namespace {

using detail::blocking_pool;
using answer = blocking_pool::answer;

struct held_job : blocking_pool::job {
    explicit held_job(std::latch& until) : job(&wait_for_it), let_go(until) {}
    static void wait_for_it(job& work) noexcept {
        auto& self = static_cast<held_job&>(work);
        self.begun.count_down();
        self.let_go.wait();
    }
    std::latch begun{1};
    std::latch& let_go;
};

/// Threads cannot be had: their stacks would be larger than the address space.
class no_threads {
public:
    no_threads() {
        ::pthread_getattr_default_np(&before_);
        pthread_attr_t huge;
        ::pthread_attr_init(&huge);
        ::pthread_attr_setstacksize(&huge, std::size_t{1} << 50);
        ::pthread_setattr_default_np(&huge);
        ::pthread_attr_destroy(&huge);
    }
    ~no_threads() {
        ::pthread_setattr_default_np(&before_);
        ::pthread_attr_destroy(&before_);
    }
    no_threads(const no_threads&) = delete;
    no_threads& operator=(const no_threads&) = delete;

private:
    pthread_attr_t before_;
};

TEST(BlockingPool, TakesAsManyAsItHasThreadsAndRoomThoughNoThreadHasBegun) {
    for (int round = 0; round < 20; ++round) {
        std::latch let_go(1);
        blocking_pool pool(3, 1, "pool");
        held_job jobs[]{held_job(let_go), held_job(let_go), held_job(let_go), held_job(let_go)};
        for (held_job& each : jobs)
            EXPECT_EQ(pool.submit(each), answer::accepted);
        held_job over(let_go);
        EXPECT_EQ(pool.submit(over), answer::overloaded);
        let_go.count_down();
        pool.close(true);
    }
}

TEST(BlockingPool, ClosedItTakesNothingAndWhatItTookIsDone) {
    std::latch let_go(1);
    blocking_pool pool(1, 1, "pool");
    held_job running(let_go), queued(let_go);
    ASSERT_EQ(pool.submit(running), answer::accepted);
    running.begun.wait();
    ASSERT_EQ(pool.submit(queued), answer::accepted);
    let_go.count_down();
    pool.close(true);
    EXPECT_TRUE(queued.begun.try_wait());
    held_job late(let_go);
    EXPECT_EQ(pool.submit(late), answer::closed);
}

TEST(BlockingPool, ItsQueueIsNoLongerWhereThreadsCannotBeHad) {
    std::latch let_go(1);
    blocking_pool pool(8, 1, "pool");
    held_job running(let_go);
    ASSERT_EQ(pool.submit(running), answer::accepted);
    running.begun.wait();
    {
        const no_threads limit;
        held_job queued(let_go);
        EXPECT_EQ(pool.submit(queued), answer::accepted);
        held_job over(let_go);
        EXPECT_EQ(pool.submit(over), answer::overloaded);
        EXPECT_TRUE(pool.withdraw(queued));
        (void)pool.withdraw(over);
    }
    let_go.count_down();
    pool.close(true);
}

}  // namespace
}  // namespace spargio
