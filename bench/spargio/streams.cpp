#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/common/frame_stream.hpp"
#include "bench/common/stream_entries.hpp"
#include "bench/spargio/count_shards.hpp"
#include "bench/spargio/count_tasks.hpp"
#include "bench/spargio/deal_shards.hpp"
#include "bench/spargio/deal_tasks.hpp"
#include "bench/spargio/first_streams.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/net/socket_address.hpp"
#include "spargio/net/tcp_stream.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace bench::own {
namespace {

/// Who owns keys, and whom echoes are dealt to: tasks that run anywhere.
struct by_tasks {
    using counts = count_tasks;
    using dealer = deal_tasks;
};
/// The same: shards.
struct by_shards {
    using counts = count_shards;
    using dealer = deal_shards;
};

/// Where there are two shards a stream's task runs on whichever has time for it.
template <class Workers>
class streams final : public scenario {
public:
    streams(const stream_shape& shape, const surroundings& s)
        : shape_(shape), runtime_(build_shards(first_cpus(shape.workers))) {
        runtime_.block_on(connect(s.echo_port));
        if (shape_.counts)
            counts_ = std::make_unique<typename Workers::counts>(runtime_);
        if (shape_.dealt_mixing != 0)
            dealer_ = std::make_unique<typename Workers::dealer>(shape_.dealt_mixing);
    }
    ~streams() override { runtime_.block_on(disconnect()); }

    void run(recorder& r) override {
        const auto where = shape_.workers == 1 ? spargio::placement::pinned(0)
                                               : spargio::placement::stealable_preferred(0);
        check(runtime_.handle().spawn(where, sample(r))).wait();
    }

private:
    struct connection {
        spargio::tcp_stream stream;
        frame_stream frames;
        std::vector<std::uint64_t> echoes;  // of one read, to be counted or dealt
        dealt_echoes dealt;
    };

    auto connect(std::uint16_t port) -> spargio::task<> {
        for (std::uint64_t k = 0; k < shape_.streams; ++k) {
            auto stream = check(
                co_await spargio::tcp_stream::connect(spargio::socket_address::loopback_v4(port)));
            connections_.push_back({std::move(stream), frame_stream(shape_, k), {}, {}});
        }
    }
    auto disconnect() -> spargio::task<> {
        connections_.clear();
        co_return;
    }

    auto sample(recorder& r) -> spargio::task<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            for (connection& c : connections_)
                c.frames.restart();
            spargio::task_group workers;
            r.begin();
            if (counts_)
                counts_->begin(workers);
            if (dealer_)
                dealer_->begin(workers);
            std::uint64_t answered = 0;
            for (std::uint64_t step = 0; step < shape_.steps_in(r.items()); ++step) {
                begin_step(connections_, shape_, step, r.items());
                if (shape_.pause_us != 0) {
                    check(co_await spargio::sleep_for(std::chrono::microseconds(shape_.pause_us)));
                    r.skip();
                }
                if (shape_.serial)
                    answered = co_await one_by_one(answered);
                else if (shape_.first_done != 0)
                    co_await exchange_first(connections_, shape_.awaited(r.items(), step));
                else
                    co_await all_at_once(r);
                if (!shape_.control)
                    r.lap();
            }
            if (counts_)
                counts_->end(workers);
            if (dealer_)
                dealer_->end();
            co_await workers.join();
            r.end(checksum());
        }
    }

    auto one_by_one(std::uint64_t answered) -> spargio::task<std::uint64_t> {
        for (connection& c : connections_) {
            if (c.frames.done())
                continue;
            c.frames.depend_on(answered);
            co_await exchange(c, nullptr);
            answered = c.frames.sum();
        }
        co_return answered;
    }

    auto all_at_once(recorder& r) -> spargio::task<> {
        std::vector<spargio::task<>> exchanges;
        exchanges.reserve(connections_.size());
        for (std::uint64_t k = 0; k < connections_.size(); ++k)
            if (!connections_[k].frames.done())
                exchanges.push_back(exchange(connections_[k], shape_.is_control(k) ? &r : nullptr));
        co_await spargio::when_all(std::move(exchanges));
    }

    /// `control`: told of every read.
    auto exchange(connection& c, recorder* control) -> spargio::task<> {
        while (!c.frames.done()) {
            if (const auto out = c.frames.sendable(); !out.empty())
                check(co_await c.stream.write_all(out));
            std::size_t got = 0;
            if (shape_.deadlines)
                got = check(co_await spargio::timeout(std::chrono::seconds(1), read(c)));
            else
                got = check(co_await c.stream.read_some(c.frames.room()));
            if (got == 0)
                throw std::runtime_error("the echo peer closed the connection");
            c.echoes.clear();
            c.frames.received(got, [&](std::uint64_t echo) { c.echoes.push_back(echo); });
            if (counts_)
                co_await counts_->route(c.echoes);
            if (dealer_) {
                c.dealt.deal(c.frames, c.echoes);
                co_await dealer_->work_off(c.dealt);
                c.dealt.collect(c.frames, c.echoes);
            }
            if (control != nullptr)
                control->lap();
        }
    }
    static auto read(connection& c) -> spargio::task<spargio::result<std::size_t>> {
        co_return co_await c.stream.read_some(c.frames.room());
    }

    [[nodiscard]] auto checksum() const -> std::uint64_t {
        return stream_sum(connections_, counts_ ? counts_->sum() : 0);
    }

    const stream_shape& shape_;
    spargio::runtime runtime_;
    std::vector<connection> connections_;
    std::unique_ptr<typename Workers::counts> counts_;
    std::unique_ptr<typename Workers::dealer> dealer_;
};

}  // namespace

auto stream_entries() -> std::vector<entry> {
    constexpr auto pins = "one shard on CPU 0, peer on CPU 1";
    constexpr auto pins_of_two = "one shard on CPU 0, one on CPU 1, peer on CPU 1";
    auto all = stream_entries_of<streams<by_tasks>>("spargio", waits, pins, pins_of_two);
    auto others = stream_entries_of<streams<by_shards>>("spargio_shards", waits, pins, pins_of_two);
    // Where there is nobody to be one or the other they are the same.
    std::erase_if(others, [](const entry& each) {
        const auto shape = std::ranges::find(stream_shapes, each.workload, &stream_shape::workload);
        return !shape->counts && shape->dealt_mixing == 0;
    });
    all.insert(all.end(), others.begin(), others.end());
    return all;
}

}  // namespace bench::own
