#include "spargio/time/clock.hpp"

#include "spargio/shard/shard.hpp"

namespace spargio {

clock::time_point now() noexcept {
    const shard* here = shard::current();
    return here == nullptr ? clock::now() : detail::time_of(here->now_ns());
}

}  // namespace spargio
