#pragma once

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_scheduler_observer.h>

#include <functional>

#include "bench/common/pinned_thread.hpp"

namespace bench::tbb_peer {

/// An arena whose slot k is on CPU k. The client is one of its workers, on slot and CPU 0: in TBB
/// the thread that waits takes part.
class pinned_arena {
public:
    explicit pinned_arena(unsigned workers)
        : allowed_(tbb::global_control::max_allowed_parallelism, workers),
          arena_(static_cast<int>(workers)),
          pins_(arena_) {}

    void run(const std::function<void()>& work) {
        client_.run([&] { arena_.execute(work); });
    }

private:
    class pinning final : public tbb::task_scheduler_observer {
    public:
        explicit pinning(tbb::task_arena& arena) : task_scheduler_observer(arena) { observe(true); }
        pinning(const pinning&) = delete;
        auto operator=(const pinning&) -> pinning& = delete;
        ~pinning() override { observe(false); }

        // A worker comes in each time there is work again, and mostly to the same slot.
        void on_scheduler_entry(bool /*is_worker*/) override {
            static thread_local int pinned = -1;
            const int slot = tbb::this_task_arena::current_thread_index();
            if (pinned != slot)
                pin_to(static_cast<unsigned>(slot));
            pinned = slot;
        }
    };

    tbb::global_control allowed_;
    tbb::task_arena arena_;
    pinning pins_;
    pinned_thread client_{client_cpu};
};

}  // namespace bench::tbb_peer
