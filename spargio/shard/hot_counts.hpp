#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "spargio/core/work_item.hpp"
#include "spargio/shard/hot_cell.hpp"
#include "spargio/shard/hot_tags.hpp"

namespace spargio::detail {

/// One source's cells at one target, one for each coalesced tag.
struct hot_cells {
    explicit hot_cells(std::size_t tags) noexcept
        : of(tags == 0 ? nullptr : new (std::nothrow) hot_cell[tags]) {}
    /// Null: no memory.
    [[nodiscard]] static hot_cells* make(std::size_t tags) noexcept {
        std::unique_ptr<hot_cells> made(new (std::nothrow) hot_cells(tags));
        return made != nullptr && made->of != nullptr ? made.release() : nullptr;
    }
    const std::unique_ptr<hot_cell[]> of;
    hot_cells* next = nullptr;
};

/// One who waits for a count: `waiter` is queued once `count` holds what was taken.
struct count_wait {
    std::uint8_t number = 0;  // of the tag
    std::uint64_t count = 0;
    work_item* waiter = nullptr;
    count_wait* next = nullptr;
    unsigned services_held = 0;
};

/// The counts of a shard: for each coalesced tag what all sources added, each in a cell of its own,
/// and who waits for it.
/// Thread: any where it says so; else the holder of the service claim.
/// Limit: 2^64 - 1 for each source and tag, and for one take; what is beyond stays for the next.
class hot_counts {
public:
    /// Turns of a busy shard for which less than the threshold is held back.
    static constexpr unsigned most_services_held = 16;

    explicit hot_counts(const tag_table* tags);
    hot_counts(const hot_counts&) = delete;
    hot_counts& operator=(const hot_counts&) = delete;
    ~hot_counts();

    // --- any thread ------------------------------------------------------------------------------

    /// For one that has no cells. False: no room.
    [[nodiscard]] bool add(std::uint8_t number, std::uint64_t value) noexcept {
        return outside_.of[number].add_shared(value);
    }
    /// Takes over the cells of a source that has not had any.
    void attach(hot_cells& cells) noexcept;

    // --- the holder of the service claim ---------------------------------------------------------

    /// What there is now; 0: nothing.
    std::uint64_t take(std::uint8_t number) noexcept;
    /// Takes what there is (true), or joins the line of those who wait (false).
    [[nodiscard]] bool receive(count_wait& wait) noexcept;
    /// Leaves the line. \return whether it stood in it.
    bool stop_receiving(count_wait& wait) noexcept;
    /// Serves those who wait. `busy`: the shard has something else to run, so that little may wait.
    void deliver(work_list& woken, bool busy) noexcept;
    [[nodiscard]] bool awaited() const noexcept { return first_ != nullptr; }
    /// Somebody waits for what is there.
    [[nodiscard]] bool deliverable() const noexcept;

private:
    /// What there is, or `enough` if it is more.
    [[nodiscard]] std::uint64_t there(std::uint8_t number, std::uint64_t enough) const noexcept;

    std::vector<std::uint64_t> thresholds_;
    hot_cells outside_;
    std::atomic<hot_cells*> cells_ = nullptr;  // of shards, the newest first
    count_wait* first_ = nullptr;
};

}  // namespace spargio::detail
