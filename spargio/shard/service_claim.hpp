#pragma once

#include <atomic>
#include <cstdint>

#include "spargio/core/pause.hpp"

namespace spargio::detail {

/// Who may service a shard: take its completions, fire its timers, drain its mailbox.
/// The owner holds it while it services and gives it up while it runs tasks, so that another shard
/// can step in for one that is stuck there. One locked instruction a turn.
/// Thread: any tries; the holder releases.
class service_claim {
public:
    [[nodiscard]] bool try_acquire() noexcept {
        return !held_.load(std::memory_order_relaxed) &&
               !held_.exchange(true, std::memory_order_acquire);
    }
    /// As far as can be seen from here.
    [[nodiscard]] bool free() const noexcept { return !held_.load(std::memory_order_relaxed); }
    /// For the owner: a holder from outside finishes its service within microseconds.
    void acquire() noexcept {
        for (backoff between_tries; !try_acquire();)
            between_tries.wait();
    }
    void release() noexcept { held_.store(false, std::memory_order_release); }

private:
    alignas(64) std::atomic<bool> held_ = false;
};

}  // namespace spargio::detail
