#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "bench/asio/context_threads.hpp"
#include "bench/asio/count_router.hpp"
#include "bench/asio/echo_dealer.hpp"
#include "bench/asio/first_streams.hpp"
#include "bench/asio/join_point.hpp"
#include "bench/asio/scenarios.hpp"
#include "bench/common/echo_frame.hpp"
#include "bench/common/frame_stream.hpp"
#include "bench/common/stream_entries.hpp"

namespace bench::asio_peer {
namespace {

using tcp = asio::ip::tcp;
using socket = asio::basic_stream_socket<tcp, executor>;
using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, executor>;

class streams final : public scenario {
public:
    streams(const stream_shape& shape, const surroundings& s)
        : shape_(shape), threads_(shape.workers) {
        for (std::uint64_t k = 0; k < shape_.streams; ++k)
            connections_.push_back(
                {socket(threads_.get_executor(), tcp::v4(), connect_blocking(s.echo_port)),
                 timer(threads_.get_executor()),
                 frame_stream(shape_, k),
                 {}});
        if (shape_.counts)
            router_ = std::make_unique<count_router>(threads_.get_executor());
        if (shape_.dealt_mixing != 0)
            dealer_ = std::make_unique<echo_dealer>(threads_.get_executor(), shape_.dealt_mixing);
        if (shape_.first_done != 0)
            first_ = std::make_unique<first_streams>(threads_.get_executor(), shape_.streams);
    }

    void run(recorder& r) override { threads_.run(sample(r)); }

private:
    struct connection {
        socket stream;
        timer deadline;
        frame_stream frames;
        std::vector<std::uint64_t> echoes;  // of one read, to be counted or dealt
    };

    auto sample(recorder& r) -> awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            for (connection& c : connections_)
                c.frames.restart();
            r.begin();
            if (router_)
                router_->begin();
            std::uint64_t answered = 0;
            for (std::uint64_t step = 0; step < shape_.steps_in(r.items()); ++step) {
                begin_step(connections_, shape_, step, r.items());
                if (shape_.pause_us != 0) {
                    pause_.expires_after(std::chrono::microseconds(shape_.pause_us));
                    co_await pause_.async_wait(use_awaitable);
                    r.skip();
                }
                if (shape_.serial)
                    answered = co_await one_by_one(answered);
                else if (first_)
                    co_await first_->exchange(connections_, shape_.awaited(r.items(), step));
                else
                    co_await all_at_once(r);
                if (!shape_.control)
                    r.lap();
            }
            if (router_)
                co_await router_->end();
            r.end(stream_sum(connections_, router_ ? router_->sum() : 0));
        }
    }

    auto one_by_one(std::uint64_t answered) -> awaitable<std::uint64_t> {
        for (connection& c : connections_) {
            if (c.frames.done())
                continue;
            c.frames.depend_on(answered);
            co_await exchange(c, nullptr);
            answered = c.frames.sum();
        }
        co_return answered;
    }

    auto all_at_once(recorder& r) -> awaitable<> {
        const auto active = std::count_if(connections_.begin(), connections_.end(),
                                          [](const connection& c) { return !c.frames.done(); });
        join_point<executor> all(static_cast<unsigned>(active));
        for (std::uint64_t k = 0; k < connections_.size(); ++k)
            if (!connections_[k].frames.done())
                asio::co_spawn(threads_.get_executor(),
                               exchange(connections_[k], shape_.is_control(k) ? &r : nullptr),
                               all.keep());
        co_await all.wait();
    }

    /// `control`: told of every read.
    auto exchange(connection& c, recorder* control) -> awaitable<> {
        while (!c.frames.done()) {
            if (const auto out = c.frames.sendable(); !out.empty())
                co_await asio::async_write(c.stream, asio::buffer(out.data(), out.size()),
                                           use_awaitable);
            const auto room = c.frames.room();
            if (shape_.deadlines)
                set_deadline(c);
            const std::size_t got = co_await c.stream.async_read_some(
                asio::buffer(room.data(), room.size()), use_awaitable);
            if (shape_.deadlines)
                c.deadline.cancel();
            c.echoes.clear();
            c.frames.received(got, [&](std::uint64_t echo) { c.echoes.push_back(echo); });
            if (router_)
                router_->route(c.echoes);
            if (dealer_)
                co_await dealer_->deal(c.frames, c.echoes);
            if (control != nullptr)
                control->lap();
        }
    }

    static void set_deadline(connection& c) {
        c.deadline.expires_after(std::chrono::seconds(1));
        c.deadline.async_wait([&c](boost::system::error_code cancelled) {
            if (!cancelled)
                c.stream.cancel();
        });
    }

    const stream_shape& shape_;
    context_threads threads_;
    timer pause_{threads_.get_executor()};
    std::vector<connection> connections_;
    std::unique_ptr<count_router> router_;
    std::unique_ptr<echo_dealer> dealer_;
    std::unique_ptr<first_streams> first_;
};

}  // namespace

auto stream_entries() -> std::vector<entry> {
    return stream_entries_of<streams>(BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS,
                                      "one io_context and thread on CPU 0, peer on CPU 1",
                                      "one io_context, threads on CPU 0 and 1, peer on CPU 1");
}

}  // namespace bench::asio_peer
