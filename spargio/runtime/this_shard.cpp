#include "spargio/runtime/this_shard.hpp"

#include "spargio/runtime/detail/runtime_core.hpp"

namespace spargio {

runtime_handle this_runtime() noexcept {
    detail::runtime_core* core = detail::runtime_core::current();
    SPARGIO_ASSERT(core != nullptr);
    return runtime_handle(core->shared_from_this());
}

unsigned this_shard::id() noexcept {
    const shard* here = shard::current();
    SPARGIO_ASSERT(here != nullptr);
    return here->index();
}

remote_shard this_shard::remote(unsigned shard) noexcept {
    auto target = this_runtime().remote(shard);
    SPARGIO_ASSERT(target.has_value());
    return *std::move(target);
}

}  // namespace spargio
