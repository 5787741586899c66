#pragma once

#include <cstdint>

#include "bench/common/dealt_echoes.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/call_on.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace bench::own {

/// The workers are the shards: calls them both, and waits for what they answer.
class deal_shards {
public:
    explicit deal_shards(std::uint64_t mixing) : mixing_(mixing) {}

    void begin(spargio::task_group& /*unused*/) {}
    void end() {}

    auto work_off(dealt_echoes& dealt) -> spargio::task<> {
        const unsigned here = spargio::this_shard::id();
        // The other one first: on the own shard a call is made at once.
        co_await spargio::when_all(work_off_on(1 - here, dealt), work_off_on(here, dealt));
    }

private:
    auto work_off_on(unsigned shard, dealt_echoes& dealt) -> spargio::task<> {
        const auto work = [&dealt, shard, this] { dealt.work_off(shard, mixing_); };
        check(co_await spargio::call_on(shard, work));
    }

    const std::uint64_t mixing_;
};
static_assert(deal_workers == 2);

}  // namespace bench::own
