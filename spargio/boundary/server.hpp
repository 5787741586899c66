#pragma once

#include <memory>
#include <utility>

#include "spargio/boundary/received_call.hpp"
#include "spargio/boundary/told_wait.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::boundary {

/// The end of a channel where calls are received: on shards, by one task or several, of one
/// runtime or several. Copies are the same end; when the last one is gone, it closes.
/// Thread: any, but recv() and recv_timeout() are awaited on a shard.
template <class Request, class Response>
class server {
    using line = detail::typed_line<Request, Response>;

public:
    using received = received_call<Request, Response>;

    explicit server(std::shared_ptr<line> over) : end_(std::make_shared<end>(std::move(over))) {}

    /// Yields the oldest call that is still in time; several who wait are served in turn. A call
    /// whose deadline is over is told so instead.
    /// Errors: errc::closed when no call is left and none can come;
    /// std::errc::operation_canceled (no call was taken).
    [[nodiscard]] auto recv() const { return recv_awaiter(end_->over); }

    /// The same for at most `limit`. Error: std::errc::timed_out (no call was taken).
    [[nodiscard]] task<result<received>> recv_timeout(time_span limit) const {
        return recv_until_over(end_->over, limit);
    }

    /// Ends every call that no server has received by errc::closed, and takes in no more; those
    /// that wait in recv() get errc::closed. Calls that were received can still be answered.
    void close() const {
        // A callback that is told may be what holds this.
        const auto over = end_->over;
        over->close_serving();
    }

    [[nodiscard]] channel_stats stats() const { return end_->over->stats(); }

private:
    struct end {
        explicit end(std::shared_ptr<line> of) noexcept : over(std::move(of)) {}
        end(const end&) = delete;
        ~end() { over->close_serving(); }
        const std::shared_ptr<line> over;
    };

    class [[nodiscard]] recv_awaiter final : detail::recv_wait {
    public:
        explicit recv_awaiter(std::shared_ptr<line> from) noexcept : line_(std::move(from)) {}

        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <detail::spargio_promise Promise>
        bool await_suspend(std::coroutine_handle<Promise> waiter) {
            return start(waiter.promise(), *line_);
        }
        [[nodiscard]] result<received> await_resume() {
            if (got() == nullptr)
                return failure(why());
            return received(std::move(line_), static_cast<typename line::slot&>(*got()));
        }

    private:
        std::shared_ptr<line> line_;
    };

    static task<result<received>> recv_one(std::shared_ptr<line> from) {
        co_return co_await recv_awaiter(std::move(from));
    }
    static task<result<received>> recv_until_over(std::shared_ptr<line> from, time_span limit) {
        co_return co_await timeout(limit, recv_one(std::move(from)));
    }

    std::shared_ptr<end> end_;
};

}  // namespace spargio::boundary
