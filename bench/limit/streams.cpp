#include <memory>
#include <vector>

#include "bench/common/echo_frame.hpp"
#include "bench/common/stream_entries.hpp"
#include "bench/limit/scenarios.hpp"
#include "bench/limit/stream_lane.hpp"

namespace bench::limit {
namespace {

/// Whether a step has so much mixing that waking a second thread for it pays.
constexpr auto worth_two(const stream_shape& shape) -> bool {
    if (!shape.steps)
        return shape.hot_mixing != 0;
    std::uint64_t mixing = 0;
    for (std::uint64_t k = 0; k < shape.streams; ++k)
        mixing += shape.frames(1, k, 0) * shape.mixing(k, 0, 0);
    return mixing > 300'000;
}

/// A lane on CPU 0. Where mixing is most of the work, one on CPU 1 too, with one stream in four,
/// because the peer needs half of that CPU, or with every other one where the first is hot.
class streams final : public scenario {
public:
    streams(const stream_shape& shape, const surroundings& s) : shape_(shape) {
        lanes_.push_back(std::make_unique<stream_lane>(client_cpu, true, shape_));
        if (worth_two(shape_))
            lanes_.push_back(std::make_unique<stream_lane>(server_cpu, false, shape_));
        connections_.reserve(shape_.streams);
        for (std::uint64_t k = 0; k < shape_.streams; ++k) {
            connections_.push_back({connect_blocking(s.echo_port), frame_stream(shape_, k), {}});
            lanes_[is_second(k) ? lanes_.size() - 1 : 0]->add(connections_[k]);
        }
    }
    ~streams() override {
        for (const connection& c : connections_)
            ::close(c.fd);
    }

    void run(recorder& r) override {
        lanes_[0]->thread().run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k)
                iterate(r);
        });
    }

private:
    [[nodiscard]] auto is_second(std::uint64_t stream) const -> bool {
        return shape_.hot == hot_stream::first ? stream % 2 == 1 : stream % 4 == 3;
    }

    void iterate(recorder& r) {
        for (connection& c : connections_)
            c.frames.restart();
        for (const auto& lane : lanes_)
            lane->restart();
        r.begin();
        std::uint64_t answered = 0;
        for (std::uint64_t step = 0; step < shape_.steps_in(r.items()); ++step) {
            begin_step(connections_, shape_, step, r.items());
            if (shape_.pause_us != 0) {
                for (const std::uint64_t end = now_ns() + 1000 * shape_.pause_us; now_ns() < end;)
                    pause();
                r.skip();
            }
            if (shape_.serial)
                answered = one_by_one(answered);
            else if (shape_.first_done != 0)
                lanes_[0]->exchange_first(shape_.awaited(r.items(), step));
            else
                all_at_once(r);
            if (!shape_.control)
                r.lap();
        }
        r.end(stream_sum(connections_, shape_.counts ? counted() : 0));
    }

    auto one_by_one(std::uint64_t answered) -> std::uint64_t {
        for (std::uint64_t k = 0; k < connections_.size(); ++k) {
            frame_stream& frames = connections_[k].frames;
            if (frames.done())
                continue;
            frames.depend_on(answered);
            lanes_[0]->exchange_one(k);
            answered = frames.sum();
        }
        return answered;
    }

    [[nodiscard]] auto counted() const -> std::uint64_t {
        std::array<count_table, count_owners> all{};
        for (const auto& lane : lanes_)
            for (unsigned owner = 0; owner < count_owners; ++owner)
                for (std::uint32_t key = 0; key < count_keys; ++key)
                    all[owner].totals[key] += lane->tables()[owner].totals[key];
        return sum_of(all);
    }

    void all_at_once(recorder& r) {
        for (std::size_t k = 1; k < lanes_.size(); ++k)
            lanes_[k]->thread().start([&lane = *lanes_[k]] { lane.exchange(); });
        lanes_[0]->exchange(shape_.control ? &r : nullptr);
        for (std::size_t k = 1; k < lanes_.size(); ++k)
            lanes_[k]->thread().wait();
    }

    const stream_shape& shape_;
    std::vector<std::unique_ptr<stream_lane>> lanes_;
    std::vector<connection> connections_;
};

}  // namespace

auto stream_entries() -> std::vector<entry> {
    return stream_entries_of<streams>(
        "limit",
        "polls: a cooperative ring for all streams, its TASKRUN flag watched, no more of them at a "
        "time than fit into the caches where bytes are all there is; where mixing is most of the "
        "work, a second ring for some of them, which blocks",
        "one thread on CPU 0, peer on CPU 1",
        "one thread on CPU 0, where mixing is most of the work another on CPU 1; peer on CPU 1");
}

}  // namespace bench::limit
