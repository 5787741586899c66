#pragma once

#include <cstdint>

#include "bench/common/dealt_echoes.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/call_on.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace bench::own {

inline auto work_off_on(unsigned shard, dealt_echoes& dealt, std::uint64_t mixing)
    -> spargio::task<> {
    const auto work = [&dealt, shard, mixing] { dealt.work_off(shard, mixing); };
    check(co_await spargio::call_on(shard, work));
}

/// The workers are the shards: calls them both, and waits for what they answer.
inline auto work_off(dealt_echoes& dealt, std::uint64_t mixing) -> spargio::task<> {
    const unsigned here = spargio::this_shard::id();
    // The other one first: on the own shard a call is made at once.
    co_await spargio::when_all(work_off_on(1 - here, dealt, mixing),
                               work_off_on(here, dealt, mixing));
}
static_assert(deal_workers == 2);

}  // namespace bench::own
