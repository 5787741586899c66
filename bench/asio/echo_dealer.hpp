#pragma once

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <cstdint>
#include <span>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/join_point.hpp"
#include "bench/common/dealt_echoes.hpp"

namespace bench::asio_peer {

/// A strand a worker.
class echo_dealer {
public:
    echo_dealer(executor on, std::uint64_t mixing)
        : workers_{worker(on), worker(on)}, mixing_(mixing) {}

    /// The shares of `echoes` are worked off, and the answers told.
    auto deal(frame_stream& frames, std::span<std::uint64_t> echoes) -> awaitable<> {
        dealt_.deal(frames, echoes);
        join_point<executor> all(deal_workers);
        for (unsigned k = 0; k < deal_workers; ++k)
            asio::post(workers_[k], [this, k, &all] {
                dealt_.work_off(k, mixing_);
                all.arrive();
            });
        co_await all.wait();
        dealt_.collect(frames, echoes);
    }

private:
    using worker = asio::strand<executor>;

    std::array<worker, deal_workers> workers_;
    std::uint64_t mixing_;
    dealt_echoes dealt_;
};

}  // namespace bench::asio_peer
