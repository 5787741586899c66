#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstdint>
#include <deque>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/join_point.hpp"

namespace bench::asio_peer {

/// Streams of which the first ones to be done end a step: each coroutine has a signal by which its
/// read is cancelled.
/// Thread: the one of the executor's context.
class first_streams {
public:
    first_streams(executor on, std::size_t streams) : on_(on), signals_(streams) {}

    /// Until `awaited` of the connections have their frames back.
    template <class Connections>
    auto exchange(Connections& connections, std::uint64_t awaited) -> awaitable<> {
        left_ = awaited;
        join_point<executor> all(static_cast<unsigned>(connections.size()));
        auto signal = signals_.begin();
        for (auto& each : connections)
            asio::co_spawn(on_, exchange_unless_late(each),
                           asio::bind_cancellation_slot((signal++)->slot(), all.keep()));
        co_await all.wait();
    }

private:
    template <class Connection>
    auto exchange_unless_late(Connection& c) -> awaitable<> {
        // A read that was cancelled says so; left_ tells who comes too late to be.
        co_await asio::this_coro::throw_if_cancelled(false);
        while (!c.frames.done()) {
            for (auto out = c.frames.unsent(); !out.empty(); out = c.frames.unsent())
                c.frames.sent(co_await c.stream.async_write_some(
                    asio::buffer(out.data(), out.size()), use_awaitable));
            if (left_ == 0)
                co_return;
            const auto room = c.frames.room();
            boost::system::error_code refused;
            const std::size_t got =
                co_await c.stream.async_read_some(asio::buffer(room.data(), room.size()),
                                                  asio::redirect_error(use_awaitable, refused));
            if (refused == asio::error::operation_aborted)
                co_return;
            boost::asio::detail::throw_error(refused);
            c.frames.received(got, [](std::uint64_t) {});
        }
        if (left_ != 0 && --left_ == 0)
            for (asio::cancellation_signal& each : signals_)
                each.emit(asio::cancellation_type::terminal);
    }

    executor on_;
    std::deque<asio::cancellation_signal> signals_;
    std::uint64_t left_ = 0;
};

}  // namespace bench::asio_peer
