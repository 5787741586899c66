#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace spargio::detail {

class message_lane;
struct hot_cells;

/// Messages of one kind keep their order; those of another may overtake them.
enum class lane_kind : unsigned char { ordinary, hot };

/// The lanes of one shard to others, and whom it has written to since it last looked who sleeps.
/// Thread: the shard's own.
class outbox {
public:
    void meet(std::size_t shards) {
        destinations_.resize(shards);
        written_to_.reserve(shards);
    }
    /// What arrives through the target's completion queue, and how many were ever sent that way.
    struct direct_lane {
        message_lane* lane = nullptr;
        std::uint64_t sent = 0;
    };

    /// Null before the first message.
    [[nodiscard]] message_lane*& lane_to(unsigned target, lane_kind kind) noexcept {
        return destinations_[target].lanes[static_cast<std::size_t>(kind)];
    }
    [[nodiscard]] direct_lane& direct_to(unsigned target, lane_kind kind) noexcept {
        return destinations_[target].direct[static_cast<std::size_t>(kind)];
    }
    /// Null before the first addition.
    [[nodiscard]] hot_cells*& cells_at(unsigned target) noexcept {
        return destinations_[target].cells;
    }
    void wrote_to(unsigned target) noexcept {
        destination& to = destinations_[target];
        if (!to.written) {
            to.written = true;
            written_to_.push_back(target);
        }
    }
    [[nodiscard]] bool bells_due() const noexcept { return !written_to_.empty(); }
    template <class Visit>
    void for_each_written(Visit visit) {
        for (const unsigned target : written_to_) {
            destinations_[target].written = false;
            visit(target);
        }
        written_to_.clear();
    }

private:
    struct destination {
        std::array<message_lane*, 2> lanes{};  // owned by the target, as the cells are
        hot_cells* cells = nullptr;
        std::array<direct_lane, 2> direct{};
        bool written = false;
    };
    std::vector<destination> destinations_;
    std::vector<unsigned> written_to_;
};

}  // namespace spargio::detail
