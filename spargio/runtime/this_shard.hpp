#pragma once

#include <span>

#include "spargio/runtime/runtime_handle.hpp"
#include "spargio/shard/next_hot_count.hpp"
#include "spargio/shard/next_message.hpp"

namespace spargio {

/// The runtime whose shard the calling code runs on. \pre called on a shard
[[nodiscard]] runtime_handle this_runtime() noexcept;

/// What can be said and done about the shard the calling code runs on. \pre called on a shard
namespace this_shard {

/// Its number, below shard_count().
[[nodiscard]] unsigned id() noexcept;

[[nodiscard]] inline runtime_handle handle() noexcept {
    return this_runtime();
}

/// Spawns here: runtime_handle::spawn() with placement::local().
template <class T>
result<join_handle<T>> spawn(task<T> work, spawn_options options = {}) {
    SPARGIO_ASSERT(work.valid());
    return detail::spawn_on<T>(nullptr, placement::local(), std::move(work), options);
}
template <detail::task_factory F>
result<join_handle<detail::task_value_t<F>>> spawn(F work, spawn_options options = {}) {
    return detail::spawn_on<detail::task_value_t<F>>(nullptr, placement::local(), std::move(work),
                                                     options);
}

/// The mailbox of another shard of this runtime. \pre shard < shard_count()
[[nodiscard]] remote_shard remote(unsigned shard) noexcept;

/// Yields the next message sent to this shard; several who wait are served in turn, and sources
/// take turns too. Error: std::errc::operation_canceled (no message was taken).
[[nodiscard]] inline detail::message_awaiter next_event() noexcept {
    return detail::message_awaiter();
}
/// Yields how many messages it wrote to `room`, from the front: at least one, and as many as are
/// there and fit. Error: std::errc::operation_canceled (no message was taken).
/// \pre `room` is not empty and outlives the await
[[nodiscard]] inline detail::message_batch_awaiter next_events(std::span<message> room) noexcept {
    return {detail::lane_kind::ordinary, room};
}

/// The same for messages whose tags are runtime_builder::hot_tags(): nothing else waits in their
/// line. Error: std::errc::operation_canceled (no message was taken).
[[nodiscard]] inline detail::message_awaiter next_hot_event() noexcept {
    return detail::message_awaiter(detail::lane_kind::hot);
}
[[nodiscard]] inline detail::message_batch_awaiter
next_hot_events(std::span<message> room) noexcept {
    return {detail::lane_kind::hot, room};
}

/// Yields what was added to the count of `tag`, one of runtime_builder::coalesced_hot_tags(), since
/// it was taken last: the sum of the messages' values, at least 1. It is taken at once when it has
/// come to the tag's threshold; less of it when this shard has nothing else to run, and after a few
/// turns at the latest. Several who wait for one tag are served in turn. No addition is lost: of a
/// sum beyond 64 bits the rest stays for the next, and one that does not fit a source's part is
/// refused to who sends it.
/// Errors: std::errc::operation_canceled (nothing was taken), std::errc::invalid_argument: it is
/// none of those tags.
[[nodiscard]] inline detail::hot_count_awaiter next_hot_count(std::uint32_t tag) noexcept {
    return detail::hot_count_awaiter(tag);
}
/// Takes what was added to it so far, which may be 0, whoever waits for it.
/// Error: std::errc::invalid_argument.
[[nodiscard]] inline result<std::uint64_t> try_take_hot_count(std::uint32_t tag) noexcept {
    return detail::take_hot_count(tag);
}

}  // namespace this_shard
}  // namespace spargio
