#pragma once

#include <thread>
#include <vector>

#include "bench/asio/context_thread.hpp"

namespace bench::asio_peer {

/// An io_context that several pinned threads run, thread k on CPU k: whichever is free goes on with
/// whatever is ready. A coroutine waits for one thing at a time, which makes it a strand without
/// one.
class context_threads {
public:
    explicit context_threads(unsigned count) : context_(static_cast<int>(count)) {
        for (unsigned cpu = 0; cpu < count; ++cpu)
            threads_.emplace_back([this, cpu] {
                pin_to(cpu);
                context_.run();
            });
    }
    context_threads(const context_threads&) = delete;
    auto operator=(const context_threads&) -> context_threads& = delete;
    ~context_threads() {
        guard_.reset();
        for (std::thread& t : threads_)
            t.join();
    }

    auto get_executor() -> executor { return context_.get_executor(); }

    /// Spawns a coroutine on the context and waits for it; throws what it threw.
    template <class T>
    auto run(awaitable<T> work) -> T {
        return asio::co_spawn(context_, std::move(work), asio::use_future).get();
    }

private:
    asio::io_context context_;
    asio::executor_work_guard<executor> guard_{context_.get_executor()};
    std::vector<std::thread> threads_;
};

}  // namespace bench::asio_peer
