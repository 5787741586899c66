#pragma once

#include "spargio/sync/line_operation.hpp"

namespace spargio {

/// Waits for several operations at once and does exactly one of them: the first, in the order of
/// the arguments, of those that need no waiting, or else the first to become possible. The others
/// leave everything as it is: no item is taken, no lock, no permit. Works likewise in tasks that
/// move.
///
///     auto got = co_await when_any(orders.recv(), controls.recv());
///     if (got.index() == 0) ...std::get<0>(got)...
///
/// \return a variant whose index() tells which, with what that one yields. When the task is asked
/// to stop, index 0 with the error of its cancelled operation.
///
/// when_any() over tasks that receive takes no more than it yields either, as long as they stay on
/// one shard. The parts of a stealable task run at the same time on several, where two may receive
/// before one of them wins: there wait for the operations themselves.
template <class... Operations>
[[nodiscard]] auto when_any(detail::line_operation<Operations>... operations) {
    static_assert(sizeof...(Operations) > 1);
    return detail::line_operation<Operations...>(std::get<0>(std::move(operations).release())...);
}

}  // namespace spargio
