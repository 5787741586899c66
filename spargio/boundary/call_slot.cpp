#include "spargio/boundary/call_slot.hpp"

#include "spargio/shard/shard.hpp"

namespace spargio::detail {

clock::time_point time_here() noexcept {
    const shard* const here = shard::current();
    return here == nullptr ? clock::now()
                           : clock::time_point(std::chrono::nanoseconds(here->now_ns()));
}

clock::time_point deadline_in(std::chrono::nanoseconds limit) noexcept {
    const clock::time_point now = time_here();
    return limit < clock::time_point::max() - now ? now + limit : clock::time_point::max();
}

}  // namespace spargio::detail
