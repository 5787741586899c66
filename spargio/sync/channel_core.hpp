#pragma once

#include <atomic>
#include <cstdint>

#include "spargio/sync/lookout.hpp"
#include "spargio/sync/wait_line.hpp"

namespace spargio::detail {

/// The positions of a bounded channel's two ends, and the lines of those who wait there.
///
/// Each end has a word: how far it is, and flags. Who claims a position by compare-and-swap on that
/// word sees in the same step whether the other end waits for it, and whether others stand in line
/// for it; so as long as nobody waits, an item is one compare-and-swap at each end.
///
/// While somebody stands in line for an end, only those pass who were called, and for each of them
/// something is set aside: never are more called than there are items, or room. Whoever adds an
/// item, or room, or gives up what was promised, calls as many as there may be. The word counts
/// those who were called and have not come; when nobody stands any more, others pass beside them as
/// long as there is more than was promised. Model-checked in tests/model/channel_lines.pml.
///
/// Two CPUs that claim positions at one end take its cache line from each other for every one of
/// them. So who loses a claim to somebody in the middle of a run stands back until that one has
/// done fifty or so. And who finds nothing looks for a little longer, if that has been worth
/// it: see lookout.
/// Thread: any.
class channel_core {
public:
    explicit channel_core(std::uint64_t capacity) noexcept : capacity_(capacity) {}

    /// The senders' end, or the receivers'.
    class end {
    public:
        /// Looks for a little longer. \return whether it looks as if one could pass now.
        [[nodiscard, gnu::noinline]] bool look_out() noexcept;
        void line_up(line_node& node, line_wait& wait) noexcept;
        void leave(line_node& node) noexcept;
        /// Calls as many as may pass.
        [[gnu::noinline]] void serve() noexcept;

    private:
        friend class channel_core;
        end(channel_core& owner, end& opposite) noexcept : owner_(owner), opposite_(opposite) {}
        void call(called_waits& called) noexcept;

        alignas(64) std::atomic<std::uint64_t> word_ = 0;
        alignas(64) channel_core& owner_;
        end& opposite_;
        wait_line line_;
        lookout lookout_;
    };

    end& senders() noexcept { return senders_; }
    end& receivers() noexcept { return receivers_; }

    /// Nothing is sent from now on; what was sent can be received. Everybody who waits is called.
    void close() noexcept;
    [[nodiscard]] bool closed() const noexcept {
        return (senders_.word_.load(std::memory_order_acquire) & is_closed) != 0;
    }
    /// Items sent and not received, as far as can be seen from here.
    [[nodiscard]] std::uint64_t size() const noexcept;
    [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }

protected:
    // An end's word: flags, how many were called and have not come, and the next position.
    static constexpr std::uint64_t other_waits = 1;
    static constexpr std::uint64_t somebody_stands = 2;
    static constexpr std::uint64_t is_closed = 4;  // the senders' alone
    static constexpr std::uint64_t one_called = 8;
    static constexpr std::uint64_t most_called = 255;
    static constexpr std::uint64_t one = one_called * (most_called + 1);

    static constexpr std::uint64_t called_of(std::uint64_t word) noexcept {
        return word / one_called & most_called;
    }
    /// Items for a receiver, room for a sender, by what `word` says of its own end; less than there
    /// is only where whoever adds to it comes by afterwards.
    [[nodiscard]] std::uint64_t for_end(const end& asked, std::uint64_t word) const noexcept;
    static std::atomic<std::uint64_t>& word(end& of) noexcept { return of.word_; }
    static const std::atomic<std::uint64_t>& word(const end& of) noexcept { return of.word_; }

    /// Somebody else has claimed `position`. \return the word as it is when to try again.
    [[nodiscard, gnu::noinline]] static std::uint64_t stand_back(const end& here,
                                                                 std::uint64_t position) noexcept;

    end senders_{*this, receivers_};
    end receivers_{*this, senders_};

private:
    const std::uint64_t capacity_;
};

}  // namespace spargio::detail
