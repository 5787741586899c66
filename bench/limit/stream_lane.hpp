#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/common/frame_stream.hpp"
#include "bench/common/keyed_counts.hpp"
#include "bench/common/pinned_thread.hpp"
#include "bench/common/recorder.hpp"
#include "bench/limit/raw_ring.hpp"

namespace bench::limit {

struct connection {
    int fd;
    frame_stream frames;
    std::span<const std::byte> unsent;
    std::uint64_t deadline_ns = 0;  // of the read
    bool receiving = false;
};

/// One thread and one ring for some of the streams: nothing is shared, nothing is handed over. Each
/// stream has a receive under way until its step is done; what its echoes permit is sent in the
/// same submission.
class stream_lane {
public:
    /// `polls`: watches the ring's flag in memory instead of waiting in the kernel.
    stream_lane(unsigned cpu, bool polls, const stream_shape& shape)
        : polls_(polls),
          counts_(shape.counts),
          deadlines_(shape.deadlines),
          dealt_mixing_(shape.dealt_mixing),
          most_at_a_time_(most_at_a_time(shape)),
          thread_(cpu) {
        thread_.run([this] { ring_.emplace(); });
    }
    stream_lane(const stream_lane&) = delete;
    auto operator=(const stream_lane&) -> stream_lane& = delete;
    ~stream_lane() {
        thread_.run([this] { ring_.reset(); });
    }

    void add(connection& c) { connections_.push_back(&c); }
    auto thread() -> pinned_thread& { return thread_; }

    void restart() { tables_ = {}; }
    [[nodiscard]] auto tables() const -> const std::array<count_table, count_owners>& {
        return tables_;
    }

    /// Until all frames that its streams were given are back. `control` is told of every read of
    /// the first stream. Thread: thread()'s.
    void exchange(recorder* control = nullptr) {
        control_ = control;
        run(0, connections_.size(), 0);
    }
    /// Until `awaited` of the streams are done; what the others have under way stays so.
    void exchange_first(std::uint64_t awaited) {
        run(0, connections_.size(), connections_.size() - awaited);
    }
    /// exchange() for one of them alone.
    void exchange_one(std::uint64_t k) { run(k, k + 1, 0); }

private:
    /// Where nothing but bytes is moved, not all streams are served at a time: what is under way is
    /// to fit into the caches.
    static constexpr auto most_at_a_time(const stream_shape& shape) -> std::uint64_t {
        constexpr std::uint64_t bytes = 256 * 1024;
        if (shape.steps || shape.control || shape.hot_mixing != 0)
            return shape.streams;
        return std::max(bytes / (shape.window * shape.frame_bytes), std::uint64_t{1});
    }

    // Two kinds of completion, by the lowest bit of what they carry.
    static constexpr std::uint64_t send_bit = 1;

    auto start(std::uint64_t k) -> bool {
        if (connections_[k]->frames.done())
            return false;
        send(k);
        receive(k);
        return true;
    }

    /// Until the streams from `next` to `end` are done, or all but `left_out` of them.
    void run(std::uint64_t next, std::uint64_t end, std::uint64_t left_out) {
        for (std::uint64_t active = 0; active > left_out || next != end;) {
            for (; next != end && active < most_at_a_time_; ++next)
                active += start(next) ? 1 : 0;
            if (active == 0)
                break;
            if (polls_) {
                ring_->submit();
                ring_->poll_one();
            } else {
                ring_->enter_for_one();
            }
            while (ring_->ready() != 0)
                active -= complete(ring_->take()) ? 1 : 0;
        }
    }

    /// \return whether that was the last of a stream's step
    auto complete(raw_ring::completion done) -> bool {
        const std::uint64_t k = done.data / 2;
        connection& c = *connections_[k];
        if (done.result <= 0)
            throw std::system_error(done.result < 0 ? -done.result : ECONNRESET,
                                    std::generic_category(), "echo peer");
        const auto bytes = static_cast<std::size_t>(done.result);
        if ((done.data & send_bit) != 0) {
            c.unsent = c.unsent.subspan(bytes);
            if (c.unsent.empty())
                send(k);
            else
                send_rest(k);
        } else {
            c.receiving = false;
            if (deadlines_ && now_ns() > c.deadline_ns)
                throw std::runtime_error("the echo peer is late");
            echoes_.clear();
            c.frames.received(bytes, [this](std::uint64_t echo) { look_at(echo); });
            c.frames.answered(echoes_);
            if (control_ != nullptr && k == 0)
                control_->lap();
            send(k);
            if (!c.frames.done())
                receive(k);
        }
        return c.frames.done() && c.unsent.empty();
    }

    void send(std::uint64_t k) {
        if (!connections_[k]->unsent.empty())
            return;  // still under way
        connections_[k]->unsent = connections_[k]->frames.sendable();
        if (!connections_[k]->unsent.empty())
            send_rest(k);
    }
    void send_rest(std::uint64_t k) {
        const connection& c = *connections_[k];
        io_uring_sqe* const sqe = ring_->sqe();
        io_uring_prep_send(sqe, c.fd, c.unsent.data(), c.unsent.size(), MSG_NOSIGNAL);
        io_uring_sqe_set_data64(sqe, 2 * k + send_bit);
    }
    void receive(std::uint64_t k) {
        connection& c = *connections_[k];
        if (std::exchange(c.receiving, true))
            return;
        if (deadlines_)
            c.deadline_ns = now_ns() + 1'000'000'000;
        const auto room = c.frames.room();
        io_uring_sqe* const sqe = ring_->sqe();
        io_uring_prep_recv(sqe, c.fd, room.data(), room.size(), 0);
        io_uring_sqe_set_data64(sqe, 2 * k);
    }

    /// What is dealt is worked off at once: handing it over would cost more.
    void look_at(std::uint64_t echo) {
        if (dealt_mixing_ != 0)
            echoes_.push_back(stream_stage(echo, dealt_mixing_));
        if (!counts_)
            return;
        for (const keyed_count each : counts_of(echo))
            tables_[owner_of(each.key)].add(each);
    }

    const bool polls_;
    const bool counts_;
    const bool deadlines_;
    const std::uint64_t dealt_mixing_;
    const std::uint64_t most_at_a_time_;
    recorder* control_ = nullptr;
    std::vector<connection*> connections_;
    std::vector<std::uint64_t> echoes_;  // of one read, with what the workers make of them
    std::array<count_table, count_owners> tables_{};
    std::optional<raw_ring> ring_;
    pinned_thread thread_;
};

}  // namespace bench::limit
