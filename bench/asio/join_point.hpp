#pragma once

#include <atomic>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>
#include <utility>

namespace bench::asio_peer {

namespace asio = boost::asio;

/// Continues one coroutine when `count` others have arrived; it lives in that one's frame. A
/// fraction of what parallel_group costs, which also knows cancellation.
/// Thread: any arrives; one waits.
template <class Executor>
class join_point {
    using token = asio::use_awaitable_t<Executor>;
    using handler = typename asio::async_result<token, void()>::handler_type;

public:
    explicit join_point(unsigned count) : left_(count + 1) {}

    /// The last one continues the waiting coroutine, on its own executor, at once if it may.
    void arrive() {
        if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            asio::dispatch(std::move(*waiting_));
    }
    [[nodiscard]] auto all_arrived() const -> bool {
        return left_.load(std::memory_order_acquire) == 1;
    }
    auto wait() {
        return asio::async_initiate<const token&, void()>(
            [this](handler h) {
                waiting_.emplace(std::move(h));
                if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1)
                    asio::post(std::move(*waiting_));
            },
            own_token);
    }

    /// A completion handler for co_spawn that keeps the value and arrives.
    template <class T>
    auto keep(T& value) {
        return [this, &value](const std::exception_ptr& thrown, T result) {
            if (thrown)
                std::rethrow_exception(thrown);
            value = result;
            arrive();
        };
    }
    auto keep() {
        return [this](const std::exception_ptr& thrown) {
            if (thrown)
                std::rethrow_exception(thrown);
            arrive();
        };
    }

private:
    static constexpr token own_token{};
    std::atomic<unsigned> left_;
    std::optional<handler> waiting_;
};

}  // namespace bench::asio_peer
