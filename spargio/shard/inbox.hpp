#pragma once

#include <atomic>
#include <cstddef>
#include <span>

#include "spargio/core/work_item.hpp"
#include "spargio/shard/message_queue.hpp"

namespace spargio::detail {

class message_lane;

/// One who waits for messages: `waiter` is queued once `room` holds some.
struct message_wait {
    std::span<message> room;
    std::size_t taken = 0;  // of `room`, from the front
    work_item* waiter = nullptr;
    message_wait* next = nullptr;
};

/// What arrives at a shard, and who waits for it: a lane from each shard that ever sent something,
/// and one queue for everybody else. Each source's messages keep their order; sources take turns.
/// Thread: any where it says so; else the holder of the service claim.
/// Limit: `capacity` messages of each shard, and as many of all other threads together.
class inbox {
public:
    explicit inbox(unsigned capacity) : outside_(capacity) {}
    inbox(const inbox&) = delete;
    inbox& operator=(const inbox&) = delete;
    ~inbox();

    // --- any thread ------------------------------------------------------------------------------

    /// For one that has no lane. Sequentially consistent, as sleep_gate asks. False: full.
    [[nodiscard]] bool push(const message& sent) noexcept { return outside_.push(sent); }
    /// Takes over the lane of a source that has not had one.
    void attach(message_lane& lane) noexcept;
    [[nodiscard]] bool empty() const noexcept;
    /// How many there are, an estimate.
    [[nodiscard]] std::uint64_t waiting() const noexcept;
    /// Of those that have no lane.
    [[nodiscard]] std::uint64_t pushed() const noexcept { return outside_.pushed(); }

    // --- the holder of the service claim ---------------------------------------------------------

    /// Takes a message at least (true), or joins the line of those who wait (false).
    [[nodiscard]] bool receive(message_wait& wait) noexcept;
    /// Leaves the line. \return whether it stood in it.
    bool stop_receiving(message_wait& wait) noexcept;
    /// The lane of `source` for what comes by completions, or null.
    [[nodiscard]] message_lane* direct_lane_of(unsigned source) noexcept;
    /// Serves those who wait, each with what fits. \return messages taken.
    std::size_t deliver(work_list& woken) noexcept;
    [[nodiscard]] bool awaited() const noexcept { return first_ != nullptr; }

private:
    static constexpr std::size_t most_in_a_row = 64;  // of one source

    std::size_t take(std::span<message> room) noexcept;
    std::size_t take_outside(std::span<message> room) noexcept;
    void next_source() noexcept;

    message_wait* first_ = nullptr;
    message_wait* last_ = nullptr;
    message_lane* at_ = nullptr;  // whose turn it is; null: the queue's
    std::size_t in_a_row_ = 0;
    std::atomic<message_lane*> lanes_ = nullptr;  // the newest first
    message_queue outside_;
};

}  // namespace spargio::detail
