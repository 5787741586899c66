#pragma once

// Before Boost 1.74's coroutine support, which uses it without including it.
#include <utility>

#include <boost/asio.hpp>

#include <chrono>
#include <expected>
#include <memory>

#include "spargio/boundary/client.hpp"

namespace mixed_mode {

namespace asio = boost::asio;

/// Calls over a spargio boundary as an asynchronous operation of Boost.Asio, for every completion
/// token: a handler, use_future, use_awaitable, yield_context.
///
/// An I/O object like a timer or a socket: one call at a time, on its executor, which is a strand
/// where several threads run it. The deadline is a timer of Asio's, so no server need come.
template <class Request, class Response>
class boundary_caller {
public:
    using client = spargio::boundary::client<Request, Response>;
    using outcome = typename client::outcome;

    boundary_caller(asio::any_io_executor executor, client at)
        : executor_(std::move(executor)), client_(std::move(at)) {}

    /// Completes as void(outcome) on the handler's executor, as if posted.
    template <class Token>
    auto async_call(Request request, std::chrono::nanoseconds limit, Token&& token) {
        return asio::async_initiate<Token, void(outcome)>(start{this}, token, std::move(request),
                                                          limit);
    }

    /// Ends the call that is under way, if any, with operation_canceled.
    void cancel() const { pending_.cancel(); }

private:
    /// What is kept of a call until its handler runs.
    template <class Handler>
    struct operation {
        using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;

        operation(Handler completed, const asio::any_io_executor& executor)
            : handler(std::move(completed)),
              work(asio::get_associated_executor(handler, executor)),
              timer(executor) {}

        Handler handler;
        asio::executor_work_guard<executor_type> work;  // run() has something to wait for
        asio::steady_timer timer;
    };

    /// The boundary calls it where the call ends: on a shard, mostly. From there it goes home.
    template <class Handler>
    struct go_home {
        std::shared_ptr<operation<Handler>> from;

        void operator()(outcome ended) const {
            asio::post(from->work.get_executor(),
                       [from = from, ended = std::move(ended)]() mutable {
                           from->timer.cancel();
                           auto handler = std::move(from->handler);
                           // Memory first: the handler may start the next call.
                           from.reset();
                           std::move(handler)(std::move(ended));
                       });
        }
    };

    struct start {
        boundary_caller* self;

        template <class Handler>
        void operator()(Handler&& handler, Request request, std::chrono::nanoseconds limit) const {
            using held = operation<std::decay_t<Handler>>;
            const auto memory = asio::get_associated_allocator(handler);
            const go_home<std::decay_t<Handler>> told{std::allocate_shared<held>(
                memory, std::forward<Handler>(handler), self->executor_)};
            const auto made = self->client_.call_with_timeout(std::move(request), limit, told);
            if (!made) {
                told(std::unexpected(made.error()));
                return;
            }
            self->pending_ = *made;
            told.from->timer.expires_after(limit);
            told.from->timer.async_wait([pending = *made](boost::system::error_code aborted) {
                if (!aborted) {
                    pending.cancel();
                }
            });
        }
    };

    asio::any_io_executor executor_;
    client client_;
    spargio::boundary::pending_call pending_;
};

}  // namespace mixed_mode
