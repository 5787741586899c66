#include <optional>
#include <stdexcept>
#include <vector>

#include "bench/common/echo_frame.hpp"
#include "bench/common/frame_stream.hpp"
#include "bench/common/keyed_counts.hpp"
#include "bench/common/pinned_thread.hpp"
#include "bench/common/stream_entries.hpp"
#include "bench/limit/raw_ring.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

/// One thread and one ring for all streams: nothing is shared, nothing is handed over. Each stream
/// always has a receive under way; what its echoes permit is sent in the same submission.
class streams final : public scenario {
public:
    streams(const stream_shape& shape, const surroundings& s) : shape_(shape) {
        for (std::uint64_t k = 0; k < shape_.streams; ++k)
            connections_.push_back({connect_blocking(s.echo_port), frame_stream(shape_, k), {}});
        client_.run([this] { ring_.emplace(); });
    }
    ~streams() override {
        client_.run([this] { ring_.reset(); });
        for (const connection& c : connections_)
            ::close(c.fd);
    }

    void run(recorder& r) override {
        client_.run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k)
                iterate(r);
        });
    }

private:
    struct connection {
        int fd;
        frame_stream frames;
        std::span<const std::byte> unsent;
    };
    // Two kinds of completion, by the lowest bit of what they carry.
    static constexpr std::uint64_t send_bit = 1;

    void iterate(recorder& r) {
        for (connection& c : connections_)
            c.frames.restart();
        tables_ = {};
        r.begin();
        for (std::uint64_t step = 0; step < shape_.steps_in(r.items()); ++step) {
            run_step(step, r.items());
            r.lap();
        }
        r.end(stream_sum(connections_, shape_.counts ? sum_of(tables_) : 0));
    }

    void run_step(std::uint64_t step, std::uint64_t items) {
        std::uint64_t active = 0;
        for (std::uint64_t k = 0; k < connections_.size(); ++k) {
            connection& c = connections_[k];
            c.frames.begin(step, shape_.frames(items, k, step));
            if (c.frames.done())
                continue;
            ++active;
            send(k);
            receive(k);
        }
        ring_->submit();
        while (active != 0) {
            ring_->poll_one();
            while (ring_->ready() != 0)
                active -= finish(ring_->take()) ? 1 : 0;
            ring_->submit();
        }
    }

    /// \return whether that was the last of a stream's step
    auto finish(raw_ring::completion done) -> bool {
        const std::uint64_t k = done.data / 2;
        connection& c = connections_[k];
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
            c.frames.received(bytes, [this](std::uint64_t echo) { count(echo); });
            if (c.unsent.empty())
                send(k);
            if (!c.frames.done())
                receive(k);
        }
        return c.frames.done() && c.unsent.empty();
    }

    void send(std::uint64_t k) {
        connections_[k].unsent = connections_[k].frames.sendable();
        if (!connections_[k].unsent.empty())
            send_rest(k);
    }
    void send_rest(std::uint64_t k) {
        const connection& c = connections_[k];
        io_uring_sqe* const sqe = ring_->sqe();
        io_uring_prep_send(sqe, c.fd, c.unsent.data(), c.unsent.size(), MSG_NOSIGNAL);
        io_uring_sqe_set_data64(sqe, 2 * k + send_bit);
    }
    void receive(std::uint64_t k) {
        connection& c = connections_[k];
        const auto room = c.frames.room();
        io_uring_sqe* const sqe = ring_->sqe();
        io_uring_prep_recv(sqe, c.fd, room.data(), room.size(), 0);
        io_uring_sqe_set_data64(sqe, 2 * k);
    }

    void count(std::uint64_t echo) {
        if (!shape_.counts)
            return;
        for (const keyed_count each : counts_of(echo))
            tables_[owner_of(each.key)].add(each);
    }

    const stream_shape& shape_;
    std::vector<connection> connections_;
    std::array<count_table, count_owners> tables_{};
    std::optional<raw_ring> ring_;
    pinned_thread client_{client_cpu};
};

}  // namespace

auto stream_entries() -> std::vector<entry> {
    constexpr auto pins = "one thread on CPU 0, peer on CPU 1";
    return stream_entries_of<streams>(
        "limit", "polls: all streams on one cooperative ring, its TASKRUN flag watched", pins,
        pins);
}

}  // namespace bench::limit
