#pragma once

namespace spargio::detail {

/// How many awaits may complete in place before a coroutine goes back to the run queue: a chain
/// of ready awaits neither starves its neighbours nor, where a compiler makes a symmetric transfer
/// an ordinary call, overflows the stack.
inline constexpr unsigned transfers_per_resume = 128;

/// Spends one in-place transfer of the current resume. False: go through the queue instead.
/// Always true on a thread without an executor. Out of line like current_executor().
[[nodiscard]] bool spend_transfer() noexcept;

/// Called by an executor before it resumes an item.
void refill_transfers() noexcept;

}  // namespace spargio::detail
