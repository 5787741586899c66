#pragma once

#include <memory>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/runtime/join_handle.hpp"
#include "spargio/runtime/placement.hpp"
#include "spargio/runtime/remote_shard.hpp"
#include "spargio/runtime/runtime_stats.hpp"

namespace spargio {

struct spawn_options {
    /// Shown where tasks are listed; a literal, or kept until the task has ended.
    const char* name = "";
};

namespace detail {

/// Admits `record` where `where` says, on `core` or, if that is null, on the runtime of the calling
/// shard, and queues its start. \return 0, or the errc that says why nothing was done.
[[nodiscard]] int begin(runtime_core* core, placement where, spawn_record& record) noexcept;

template <class T, class Source>
result<join_handle<T>> spawn_on(runtime_core* core, placement where, Source&& work,
                                const spawn_options& options) {
    auto* record = new spawned_from<T, std::remove_cvref_t<Source>>(std::move(work));
    record->name = options.name;
    if (const int refused = begin(core, where, *record); refused != 0) [[unlikely]] {
        record->discard();
        return failure(make_error_code(static_cast<errc>(refused)));
    }
    return join_handle<T>(*record);
}

}  // namespace detail

/// The door to a runtime: as cheap to copy as a shared pointer, usable from any thread, and safe to
/// keep longer than the runtime, which then answers errc::shut_down.
class runtime_handle {
public:
    [[nodiscard]] unsigned shard_count() const noexcept;
    /// \pre shard < shard_count()
    [[nodiscard]] shard_stats stats(unsigned shard) const noexcept;
    /// Of all shards, looked at one after another, so that what crosses over meanwhile may be
    /// counted twice or not at all.
    [[nodiscard]] runtime_stats stats() const;

    /// Starts `work`, a task or a callable that returns one, where `where` says. A callable is
    /// called on that shard. Errors: errc::overloaded, errc::shut_down, errc::no_such_shard,
    /// errc::not_on_shard; then nothing was started.
    template <class T>
    result<join_handle<T>> spawn(placement where, task<T> work, spawn_options options = {}) const {
        SPARGIO_ASSERT(work.valid());
        return detail::spawn_on<T>(core_.get(), where, std::move(work), options);
    }
    template <detail::task_factory F>
    result<join_handle<detail::task_value_t<F>>> spawn(placement where, F work,
                                                       spawn_options options = {}) const {
        return detail::spawn_on<detail::task_value_t<F>>(core_.get(), where, std::move(work),
                                                         options);
    }

    /// The same by the placement's name.
    template <class Work>
    auto spawn_pinned(unsigned shard, Work work, spawn_options options = {}) const {
        return spawn(placement::pinned(shard), std::move(work), options);
    }
    template <class Work>
    auto spawn_stealable(Work work, spawn_options options = {}) const {
        return spawn(placement::stealable(), std::move(work), options);
    }
    template <class Work>
    auto spawn_stealable_on(unsigned shard, Work work, spawn_options options = {}) const {
        return spawn(placement::stealable_preferred(shard), std::move(work), options);
    }
    template <class Work>
    auto spawn_with_placement(placement where, Work work, spawn_options options = {}) const {
        return spawn(where, std::move(work), options);
    }

    /// A task that lives and dies on one shard and may hold what is not safe between threads:
    /// `init` crosses over, and builds the task there.
    template <detail::task_factory F>
    auto spawn_local_on(unsigned shard, F init, spawn_options options = {}) const {
        return spawn(placement::pinned(shard), std::move(init), options);
    }

    /// The shards in turn, the count that placement::round_robin() uses.
    [[nodiscard]] unsigned next_shard_in_turn() const noexcept;

    /// The mailbox of another shard. errc::no_such_shard when there is none of that number.
    [[nodiscard]] result<remote_shard> remote(unsigned shard) const noexcept;

private:
    friend class runtime;
    friend runtime_handle this_runtime() noexcept;
    explicit runtime_handle(std::shared_ptr<detail::runtime_core> core) noexcept
        : core_(std::move(core)) {}

    std::shared_ptr<detail::runtime_core> core_;
};

}  // namespace spargio
