#pragma once

#include "spargio/core/thread_state.hpp"

namespace spargio::detail {

/// Spends one in-place transfer of the current resume. False: go through the queue instead.
/// Always true on a thread without an executor.
[[nodiscard]] inline bool spend_transfer() noexcept {
    thread_state& state = this_thread();
    if (--state.transfers_left >= 0) [[likely]]
        return true;
    state.transfers_left = 0;
    return state.current == nullptr;
}

/// Spends as many as an await takes that is done in place, but not at once.
inline void spend_transfers(int count) noexcept {
    this_thread().transfers_left -= count;
}

/// Called by an executor before it resumes an item.
inline void refill_transfers() noexcept {
    this_thread().transfers_left = transfers_per_resume;
}

}  // namespace spargio::detail
