#include "spargio/boundary/call_slot.hpp"

#include "spargio/shard/shard.hpp"

namespace spargio::detail {

clock::time_point time_here() noexcept {
    const shard* const here = shard::current();
    return here == nullptr ? clock::now()
                           : clock::time_point(std::chrono::nanoseconds(here->now_ns()));
}

clock::time_point deadline_in(time_span limit) noexcept {
    return later(time_here(), limit);
}

}  // namespace spargio::detail
