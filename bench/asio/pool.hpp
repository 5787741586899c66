#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <latch>
#include <memory>
#include <string_view>
#include <utility>

#include "bench/common/pin.hpp"

namespace bench::asio_peer {

namespace asio = boost::asio;

using pool_executor = asio::thread_pool::executor_type;
template <class T = void>
using pool_awaitable = asio::awaitable<T, pool_executor>;
inline constexpr asio::use_awaitable_t<pool_executor> use_pool{};

/// Asio's pool for work without sockets, its threads pinned: thread k on CPU k.
class pinned_pool {
public:
    explicit pinned_pool(unsigned threads) : pool_(threads) {
        // Nobody leaves before all have come, so each thread takes exactly one of them.
        auto all = std::make_shared<std::latch>(threads + 1);
        for (unsigned k = 0; k < threads; ++k) {
            asio::post(pool_, [k, all] {
                pin_to(k);
                all->arrive_and_wait();
            });
        }
        all->arrive_and_wait();
    }
    pinned_pool(const pinned_pool&) = delete;
    auto operator=(const pinned_pool&) -> pinned_pool& = delete;
    ~pinned_pool() { pool_.join(); }

    auto get_executor() -> pool_executor { return pool_.get_executor(); }

    /// Spawns a coroutine on the pool and waits for it; throws what it threw.
    template <class T>
    auto run(pool_awaitable<T> work) -> T {
        return asio::co_spawn(pool_, std::move(work), asio::use_future).get();
    }

private:
    asio::thread_pool pool_;
};

inline constexpr std::string_view pool_blocks =
    "blocks on a condition variable; thread_pool has no reactor, epoll or io_uring alike";

}  // namespace bench::asio_peer
