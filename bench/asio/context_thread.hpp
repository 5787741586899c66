#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>
#include <utility>

#include "bench/common/pin.hpp"

namespace bench::asio_peer {

namespace asio = boost::asio;

// The concrete executor instead of any_io_executor: no type erasure on the hot path.
using executor = asio::io_context::executor_type;
template <class T = void>
using awaitable = asio::awaitable<T, executor>;
inline constexpr asio::use_awaitable_t<executor> use_awaitable{};

/// An io_context that one pinned thread runs; the thread blocks in the context while idle.
class context_thread {
public:
    explicit context_thread(unsigned cpu)
        : thread_([this, cpu] {
              pin_to(cpu);
              context_.run();
          }) {}
    context_thread(const context_thread&) = delete;
    auto operator=(const context_thread&) -> context_thread& = delete;
    ~context_thread() {
        guard_.reset();
        thread_.join();
    }

    auto get_executor() -> executor { return context_.get_executor(); }
    auto context() -> asio::io_context& { return context_; }

    /// Spawns a coroutine on the context and waits for it; throws what it threw.
    template <class T>
    auto run(awaitable<T> work) -> T {
        return asio::co_spawn(context_, std::move(work), asio::use_future).get();
    }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<executor> guard_{context_.get_executor()};
    std::thread thread_;
};

}  // namespace bench::asio_peer
