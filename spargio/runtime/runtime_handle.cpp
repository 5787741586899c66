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
    seen.spawned_as = core_->registry_at(shard).spawned_as();
    seen.spawns_overloaded = core_->registry_at(shard).overloaded();
    return seen;
}

runtime_stats runtime_handle::stats() const {
    runtime_stats seen;
    seen.shards.reserve(shard_count());
    for (unsigned shard = 0; shard != shard_count(); ++shard)
        seen.total += seen.shards.emplace_back(stats(shard));
    seen.blocking = core_->blocking().stats();
    return seen;
}

result<remote_shard> runtime_handle::remote(unsigned shard) const noexcept {
    if (shard >= shard_count())
        return failure(make_error_code(errc::no_such_shard));
    return remote_shard(core_, shard);
}

int detail::begin(runtime_core* core, placement where, spawn_record& record) noexcept {
    constexpr auto refuse = [](errc why) { return static_cast<int>(why); };
    task_registry* const here = task_registry::here();
    if (core == nullptr) {
        SPARGIO_ASSERT(here != nullptr);
        core = &here->owner();
    }
    task_registry* target = here;
    record.placed = where.which();
    switch (where.which()) {
    case placement::kind::local:
        if (here == nullptr || &here->owner() != core) {
            if (here != nullptr)
                here->home().count_affinity_violation();
            return refuse(errc::not_on_shard);
        }
        break;
    case placement::kind::pinned:
        if (where.value() >= core->shard_count())
            return refuse(errc::no_such_shard);
        target = &core->registry_at(static_cast<unsigned>(where.value()));
        break;
    case placement::kind::round_robin:
        target = &core->registry_at(core->next_in_turn());
        break;
    case placement::kind::stealable:
        record.make_stealable();
        target = here != nullptr && &here->owner() == core
                     ? &core->registry_at(here->home().home_for_new_task().index())
                     : &core->registry_at(core->next_in_turn());
        break;
    case placement::kind::stealable_preferred:
        if (where.value() >= core->shard_count())
            return refuse(errc::no_such_shard);
        record.make_stealable();
        target = &core->registry_at(static_cast<unsigned>(where.value()));
        break;
    case placement::kind::sticky:
        target =
            &core->registry_at(static_cast<unsigned>(mixed(where.value()) % core->shard_count()));
        break;
    }
    // A registry belongs to one shard of one runtime: here means on this thread.
    const bool stays = target == here;
    const auto answer = stays ? target->admit_here(record) : target->admit(record);
    if (answer != task_registry::answer::admitted) [[unlikely]] {
        return refuse(answer == task_registry::answer::closed ? errc::shut_down : errc::overloaded);
    }
    if (stays) {
        target->home().defer(record);
    } else {
        target->home().post(record);
    }
    return 0;
}

}  // namespace spargio
