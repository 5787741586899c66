#include "spargio/runtime/runtime_handle.hpp"

#include "spargio/runtime/detail/runtime_core.hpp"

namespace spargio {
namespace {

/// The finalizer of splitmix64: neighbouring keys land on unrelated shards.
std::uint64_t mixed(std::uint64_t key) noexcept {
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9;
    key = (key ^ (key >> 27)) * 0x94d049bb133111eb;
    return key ^ (key >> 31);
}

}  // namespace

unsigned runtime_handle::shard_count() const noexcept {
    return core_->shard_count();
}

unsigned runtime_handle::next_shard_in_turn() const noexcept {
    return core_->next_in_turn();
}

shard_stats runtime_handle::stats(unsigned shard) const noexcept {
    SPARGIO_ASSERT(shard < shard_count());
    shard_stats seen = core_->shard_at(shard).stats();
    seen.tasks_alive = core_->registry_at(shard).alive();
    seen.tasks_spawned = core_->registry_at(shard).spawned();
    return seen;
}

result<remote_shard> runtime_handle::remote(unsigned shard) const noexcept {
    if (shard >= shard_count())
        return failure(make_error_code(errc::no_such_shard));
    return remote_shard(core_, shard);
}

result<runtime_handle::home_shard> runtime_handle::admit(placement where) const noexcept {
    unsigned index = 0;
    switch (where.which()) {
    case placement::kind::local: {
        if (detail::runtime_core::current() != core_.get())
            return failure(make_error_code(errc::not_on_shard));
        index = shard::current()->index();
        break;
    }
    case placement::kind::pinned:
        if (where.value() >= shard_count())
            return failure(make_error_code(errc::no_such_shard));
        index = static_cast<unsigned>(where.value());
        break;
    case placement::kind::round_robin:
        index = core_->next_in_turn();
        break;
    case placement::kind::sticky:
        index = static_cast<unsigned>(mixed(where.value()) % shard_count());
        break;
    }
    switch (core_->registry_at(index).admit()) {
    case detail::task_registry::answer::overloaded:
        return failure(make_error_code(errc::overloaded));
    case detail::task_registry::answer::closed:
        return failure(make_error_code(errc::shut_down));
    case detail::task_registry::answer::admitted:
        break;
    }
    return home_shard{core_.get(), index};
}

detail::executor& runtime_handle::home_shard::executor() const noexcept {
    return core->shard_at(index);
}

void runtime_handle::begin(detail::spawn_record& record, const home_shard& home,
                           const spawn_options& options) noexcept {
    record.assign(home.core->registry_at(home.index), home.core->next_task_id(), options.name);
    detail::executor& target = home.executor();
    if (&target == detail::current_executor()) {
        target.defer(record);
    } else {
        target.post(record);
    }
}

}  // namespace spargio
