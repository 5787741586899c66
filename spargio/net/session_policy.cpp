#include "spargio/net/session_policy.hpp"

#include "spargio/runtime/this_shard.hpp"

namespace spargio {

result<unsigned> session_policy::choose() const noexcept {
    const runtime_handle runtime = this_runtime();
    switch (kind_) {
    case kind::context_preferred:
        return this_shard::id();
    case kind::round_robin:
        return runtime.next_shard_in_turn();
    case kind::fixed:
        break;
    }
    if (shard_ >= runtime.shard_count())
        return failure(make_error_code(errc::no_such_shard));
    return shard_;
}

}  // namespace spargio
