#include "spargio/ring/stream_features.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <vector>

#include "spargio/ring/buffer_ring.hpp"
#include "spargio/ring/ops/accept_many.hpp"
#include "spargio/ring/ops/close.hpp"
#include "spargio/ring/ops/receive_many.hpp"
#include "spargio/ring/ops/send.hpp"
#include "spargio/ring/ops/send_zc.hpp"
#include "spargio/ring/ring.hpp"

namespace spargio {
namespace {

constexpr unsigned buffer_count = 8;
constexpr std::size_t buffer_size = 64;

struct no_waiter : detail::work_item {
    no_waiter() noexcept : work_item([](work_item&) noexcept {}) {}
};

/// Compares what arrives in small buffers with what was sent.
class received_bytes final : public arrival_sink {
public:
    explicit received_bytes(buffer_ring& buffers) noexcept : buffers_(buffers) {
        for (unsigned number = 0; number != buffer_count; ++number)
            buffers_.add(number, memory_of(number));
    }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] bool right() const noexcept { return right_; }
    /// One request had several arrivals.
    [[nodiscard]] bool went_on() const noexcept { return went_on_; }
    static std::byte expected(std::size_t at) noexcept {
        return static_cast<std::byte>(at * 37 + 11);
    }

private:
    void arrived(const arrival& what, detail::work_list&) noexcept override {
        if (what.outcome <= 0)
            return;
        went_on_ |= what.more;
        unsigned number = what.buffer;
        for (auto left = static_cast<std::size_t>(what.outcome); left != 0;) {
            if (number >= buffer_count || used_[number] == buffer_size) {
                right_ = false;
                return;
            }
            const std::size_t size = std::min(left, buffer_size - used_[number]);
            const auto begin =
                memory_of(number).begin() + static_cast<std::ptrdiff_t>(used_[number]);
            for (std::size_t at = 0; at != size; ++at)
                right_ &= begin[static_cast<std::ptrdiff_t>(at)] == expected(count_++);
            left -= size;
            // One that does not go on has been used up, whatever is left of it.
            used_[number] = left == 0 && what.buffer_goes_on ? used_[number] + size : buffer_size;
            number = buffers_.after(number);
        }
    }
    std::span<std::byte> memory_of(unsigned number) noexcept {
        return std::span(memory_).subspan(number * buffer_size, buffer_size);
    }

    buffer_ring& buffers_;
    std::array<std::byte, buffer_count * buffer_size> memory_{};
    std::array<std::size_t, buffer_count> used_{};
    std::size_t count_ = 0;
    bool right_ = true;
    bool went_on_ = false;
};

/// A ring to try things on, and what has to outlive it.
class trial {
public:
    explicit trial(kernel& entry) noexcept : kernel_(entry) {}

    [[nodiscard]] stream_findings features() noexcept {
        try {
            look();
        } catch (const std::bad_alloc&) {
            all_tried_ = false;
        }
        return {found_, all_tried_};
    }

private:
    /// An error of a zero-copy send may be followed by a notification.
    struct first_arrival final : arrival_sink {
        void arrived(const arrival& what, detail::work_list&) noexcept override {
            if (!outcome)
                outcome = what.outcome;
        }
        std::optional<int> outcome;
    };

    /// What could not be had, so that something was not tried: now, or ever.
    void missed(const std::error_code& why) noexcept {
        if (why == std::errc::too_many_files_open || why == std::errc::not_enough_memory ||
            why == std::errc::too_many_files_open_in_system)
            all_tried_ = false;
    }

    void look() {
        auto opened = ring::open(
            kernel_, {.entries = 16, .cq_entries = 64, .disabled = {feature::registered_ring}});
        if (!opened)
            return missed(opened.error());
        ring_ = std::move(*opened);
        // What the kernel does not know it refuses before it looks at the descriptor.
        first_arrival answer;
        accept_many_operation accept(-1, answer);
        if (outcome_of(accept) == -EBADF)
            found_.add(feature::multishot_accept);
        send_zc_operation send(-1, {}, answer);
        answer.outcome.reset();
        (void)outcome_of(send);
        if (answer.outcome == -EBADF)
            found_.add(feature::zero_copy_send);
        if (open_buffers(false) != nullptr)
            found_.add(feature::provided_buffers);
        if (!receives(false, false))
            return;
        found_.add(feature::multishot_receive);
        if (receives(true, false))
            found_.add(feature::bundled_receive);
        const bool both = found_.has(feature::bundled_receive);
        if (receives(false, true) && (!both || receives(true, true)))
            found_.add(feature::incremental_buffers);
    }

    buffer_ring* open_buffers(bool incremental) {
        auto opened =
            buffer_ring::open(kernel_, ring_->descriptor(), groups_++, buffer_count, incremental);
        if (!opened) {
            missed(opened.error());
            return nullptr;
        }
        return buffers_.emplace_back(std::move(*opened)).get();
    }

    /// Receives three pieces, one of them larger than a buffer, into buffers the kernel chooses.
    bool receives(bool bundled, bool incremental) {
        constexpr std::array<std::size_t, 3> pieces = {20, most_in_a_piece, 30};
        buffer_ring* buffers = open_buffers(incremental);
        if (buffers == nullptr)
            return false;
        // Last of what can throw: from here on there is something to be ended.
        received_bytes& received =
            *received_.emplace_back(std::make_unique<received_bytes>(*buffers));
        int ends[2];
        if (const int opened = kernel_.open_pair(ends); opened < 0) {
            missed(failure(-opened).error());
            return false;
        }
        receive_many_operation receive(ends[0], received);
        receive.set_many(groups_ - 1, bundled);
        begin(receive, receiver_);
        std::size_t sent = 0;
        bool works = true;
        for (const std::size_t piece : pieces) {
            std::array<std::byte, most_in_a_piece> memory;
            const auto bytes = std::span(memory).first(piece);
            for (std::byte& each : bytes)
                each = received_bytes::expected(sent++);
            send_operation send(ends[1], bytes);
            works = works && outcome_of(send) == static_cast<int>(piece);
            for (int turns = 0; works && received.count() < sent && turns != most_turns; ++turns) {
                turn();
                // Any may be the last of its request.
                if (receive.current_state() == operation::state::done) {
                    receive.rewind();
                    begin(receive, receiver_);
                }
            }
            works = works && received.right() && received.count() == sent;
        }
        works = works && received.went_on();
        ring_->cancel(receive);
        finish(receive);
        for (const int end : ends) {
            close_operation close(end);
            (void)outcome_of(close);
        }
        return works;
    }

    void begin(operation& op, no_waiter& waiter) noexcept {
        op.waiter = &waiter;
        ring_->submit(op);
    }
    void finish(const operation& op) noexcept {
        while (op.current_state() != operation::state::done)
            turn();
    }
    int outcome_of(operation& op) noexcept {
        begin(op, waiter_);
        finish(op);
        return op.outcome();
    }
    void turn() noexcept {
        constexpr std::uint64_t a_millisecond = 1'000'000;
        ring_->wait(a_millisecond);
        (void)ring_->reap(ended_);
        while (!ended_.empty())
            (void)ended_.pop();
        while (!ring_->ended_early().empty())
            (void)ring_->ended_early().pop();
    }

    static constexpr int most_turns = 100;
    static constexpr std::size_t most_in_a_piece = 100;

    kernel& kernel_;
    no_waiter waiter_;
    no_waiter receiver_;
    detail::work_list ended_;
    feature_set found_;
    bool all_tried_ = true;
    unsigned groups_ = 0;
    std::vector<std::unique_ptr<buffer_ring>> buffers_;
    std::vector<std::unique_ptr<received_bytes>> received_;
    std::unique_ptr<ring> ring_;  // closed before what the kernel may write to
};

}  // namespace

stream_findings find_stream_features(kernel& entry) noexcept {
    if (&entry != &system_kernel())
        return trial(entry).features();
    static std::mutex one_at_a_time;
    static std::optional<feature_set> all;
    const std::lock_guard guard(one_at_a_time);
    if (all)
        return {*all};
    const stream_findings seen = trial(entry).features();
    if (seen.all_tried)
        all = seen.found;
    return seen;
}

}  // namespace spargio
