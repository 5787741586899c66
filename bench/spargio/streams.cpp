#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/common/frame_stream.hpp"
#include "bench/common/stream_entries.hpp"
#include "bench/spargio/count_router.hpp"
#include "bench/spargio/echo_dealer.hpp"
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

/// Where there are two shards a stream's task runs on whichever has time for it.
class streams final : public scenario {
public:
    streams(const stream_shape& shape, const surroundings& s)
        : shape_(shape), runtime_(build_shards(first_cpus(shape.workers))) {
        runtime_.block_on(connect(s.echo_port));
        if (shape_.counts)
            router_ = std::make_unique<count_router>(runtime_);
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
            spargio::task_group owners;
            r.begin();
            if (router_)
                router_->begin(owners);
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
            if (router_)
                router_->end(owners);
            co_await owners.join();
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
            if (router_)
                co_await router_->route(c.echoes);
            if (shape_.dealt_mixing != 0) {
                c.dealt.deal(c.frames, c.echoes);
                co_await work_off(c.dealt, shape_.dealt_mixing);
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
        return stream_sum(connections_, router_ ? router_->sum() : 0);
    }

    const stream_shape& shape_;
    spargio::runtime runtime_;
    std::vector<connection> connections_;
    std::unique_ptr<count_router> router_;
};

}  // namespace

auto stream_entries() -> std::vector<entry> {
    return stream_entries_of<streams>("spargio", waits, "one shard on CPU 0, peer on CPU 1",
                                      "one shard on CPU 0, one on CPU 1, peer on CPU 1");
}

}  // namespace bench::own
