#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "spargio/core/assert.hpp"

namespace spargio {

/// A tag whose messages do not queue: their values add up, at each target, until they are taken.
struct coalesced_tag {
    std::uint32_t tag = 0;
    /// Who waits for the count is woken for so much of it; for less, as soon as the shard has
    /// nothing else to run, or a few turns later. So a lone update is never left waiting.
    std::uint64_t wake_threshold = 1;
};

namespace detail {

/// Which tags are hot. Immutable once built: any thread looks tags up.
/// Limit: 64 hot tags and 64 that are coalesced.
class tag_table {
public:
    static constexpr std::size_t most = 64;  // of each

    enum class kind : std::uint8_t { ordinary, hot, coalesced };
    struct entry {
        std::uint32_t tag = 0;
        kind is = kind::ordinary;
        std::uint8_t number = 0;  // among those that are coalesced
    };

    /// \pre no tag twice, at most 64 of each
    tag_table(const std::vector<std::uint32_t>& hot, std::vector<coalesced_tag> coalesced)
        : coalesced_(std::move(coalesced)) {
        for (const std::uint32_t tag : hot)
            add({tag, kind::hot, 0});
        for (std::size_t i = 0; i != coalesced_.size(); ++i)
            add({coalesced_[i].tag, kind::coalesced, static_cast<std::uint8_t>(i)});
    }
    [[nodiscard]] entry find(std::uint32_t tag) const noexcept {
        std::size_t at = place_of(tag);
        while (entries_[at].is != kind::ordinary && entries_[at].tag != tag)
            at = (at + 1) % entries_.size();
        return entries_[at];
    }
    [[nodiscard]] const std::vector<coalesced_tag>& coalesced() const noexcept {
        return coalesced_;
    }

private:
    // Never more than half full, so that a search ends soon.
    std::array<entry, 4 * most> entries_{};
    std::vector<coalesced_tag> coalesced_;

    [[nodiscard]] static std::size_t place_of(std::uint32_t tag) noexcept {
        static_assert(4 * most == 256);
        return tag * 0x9e3779b1u >> 24;
    }
    void add(const entry& added) noexcept {
        std::size_t at = place_of(added.tag);
        while (entries_[at].is != kind::ordinary)
            at = (at + 1) % entries_.size();
        entries_[at] = added;
    }
};

}  // namespace detail
}  // namespace spargio
