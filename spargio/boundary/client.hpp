#pragma once

#include <memory>
#include <utility>

#include "spargio/boundary/pending_call.hpp"
#include "spargio/boundary/ticket.hpp"
#include "spargio/boundary/told_wait.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::boundary {

/// The end of a channel where calls are made: by tasks, by threads, and, through callbacks, by
/// other runtimes. Copies are the same end; when the last one is gone, it closes.
///
/// A call ends once: with its response, or by
///   errc::closed                   the servers have closed
///   errc::unanswered               a server dropped the call
///   std::errc::timed_out           its deadline is over
///   std::errc::operation_canceled  its caller gave up
/// or it does not begin: errc::overloaded when all slots are in use, errc::closed. A call that ends
/// before a server received it leaves nothing behind; afterwards the response is dropped.
/// Thread: any.
template <class Request, class Response>
class client {
    using line = detail::typed_line<Request, Response>;
    static constexpr auto no_deadline = clock::time_point::max();

public:
    using outcome = result<Response>;

    explicit client(std::shared_ptr<line> over) : end_(std::make_shared<end>(std::move(over))) {}

    /// Yields the response. Awaited on a shard; a stop request to the task gives the call up.
    [[nodiscard]] auto call(Request request) const {
        return call_awaiter(end_->over, std::move(request), no_deadline);
    }
    /// The same for at most `limit`, which the server can see.
    [[nodiscard]] task<outcome> call_with_timeout(Request request, time_span limit) const {
        return call_until_over(end_->over, std::move(request), limit);
    }

    /// Calls, and leaves the waiting for later: for threads that may block.
    [[nodiscard]] result<ticket<Request, Response>> try_call(Request request) const {
        return call_by_ticket(std::move(request), no_deadline);
    }
    [[nodiscard]] result<ticket<Request, Response>> try_call_with_timeout(Request request,
                                                                          time_span limit) const {
        return call_by_ticket(std::move(request), detail::deadline_in(limit));
    }

    /// Calls, and has `callback` called once with the outcome: on the thread that ends the call,
    /// perhaps before this returns. It must not throw and should not take long. When this answers
    /// an error, or throws what the callback's copying threw, nothing began.
    /// Memory: what is moved without throwing and fits into three pointers is not allocated.
    template <detail::callback_for<outcome> Callback>
    result<pending_call> call(Request request, Callback&& callback) const {
        return call_back(std::move(request), no_deadline, std::forward<Callback>(callback));
    }
    /// The same with a deadline that the server can see. No timer is set: a call whose deadline is
    /// over ends where a server would have received it, or by pending_call::cancel().
    template <detail::callback_for<outcome> Callback>
    result<pending_call> call_with_timeout(Request request, time_span limit,
                                           Callback&& callback) const {
        return call_back(std::move(request), detail::deadline_in(limit),
                         std::forward<Callback>(callback));
    }

    /// Takes in no more calls. Those that were taken in are still served.
    void close() const { end_->over->close_intake(); }

    [[nodiscard]] channel_stats stats() const { return end_->over->stats(); }

private:
    struct end {
        explicit end(std::shared_ptr<line> of) noexcept : over(std::move(of)) {}
        end(const end&) = delete;
        ~end() { over->close_intake(); }
        const std::shared_ptr<line> over;
    };

    class [[nodiscard]] call_awaiter final : detail::call_wait {
    public:
        call_awaiter(std::shared_ptr<line> over, Request&& request,
                     clock::time_point deadline) noexcept
            : line_(std::move(over)), request_(std::move(request)), deadline_(deadline) {}

        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <detail::spargio_promise Promise>
        bool await_suspend(std::coroutine_handle<Promise> waiter) {
            if (!bind(waiter.promise())) {
                refusal_ = std::make_error_code(std::errc::operation_canceled);
                return false;
            }
            const auto opened = fill(*line_, std::move(request_), deadline_);
            if (!opened) {
                refusal_ = opened.error();
                return go_on_in_turn();
            }
            if (wait_for(*line_, **opened))
                return true;
            refusal_ = undo(*line_, **opened);
            return go_on_in_turn();
        }
        [[nodiscard]] outcome await_resume() {
            if (slot() == nullptr)
                return failure(refusal_);
            return line_->collect(static_cast<typename line::slot&>(*slot()));
        }

    private:
        const std::shared_ptr<line> line_;
        Request request_;
        const clock::time_point deadline_;
        std::error_code refusal_;
    };

    /// A slot with `request` in it, if there is one.
    static result<typename line::slot*> fill(line& over, Request&& request,
                                             clock::time_point deadline) {
        const auto opened = over.open(deadline);
        if (!opened)
            return failure(opened.error());
        auto& slot = static_cast<typename line::slot&>(**opened);
        slot.request.emplace(std::move(request));
        return &slot;
    }

    /// A filled slot is not submitted after all: clears it and gives it back. \return errc::closed,
    /// the reason but for what the callback's copying throws
    static std::error_code undo(line& over, typename line::slot& filled) noexcept {
        filled.request.reset();
        filled.callback = nullptr;
        over.give_back(filled);
        return make_error_code(errc::closed);
    }

    static task<outcome> call_once(std::shared_ptr<line> over, Request request,
                                   clock::time_point deadline) {
        co_return co_await call_awaiter(std::move(over), std::move(request), deadline);
    }
    static task<outcome> call_until_over(std::shared_ptr<line> over, Request request,
                                         time_span limit) {
        const auto deadline = detail::deadline_in(limit);
        co_return co_await timeout_at(deadline,
                                      call_once(std::move(over), std::move(request), deadline));
    }

    result<ticket<Request, Response>> call_by_ticket(Request&& request,
                                                     clock::time_point deadline) const {
        const auto filled = fill(*end_->over, std::move(request), deadline);
        if (!filled)
            return failure(filled.error());
        if (!end_->over->submit(**filled, detail::call_slot::caller::thread))
            return failure(undo(*end_->over, **filled));
        return ticket<Request, Response>(end_->over, **filled);
    }

    template <class Callback>
    result<pending_call> call_back(Request&& request, clock::time_point deadline,
                                   Callback&& callback) const {
        const auto filled = fill(*end_->over, std::move(request), deadline);
        if (!filled)
            return failure(filled.error());
        auto& slot = **filled;
        try {
            slot.callback = std::forward<Callback>(callback);
        } catch (...) {
            (void)undo(*end_->over, slot);
            throw;
        }
        pending_call made(end_->over, slot);
        if (!end_->over->submit(slot, detail::call_slot::caller::callback))
            return failure(undo(*end_->over, slot));
        return made;
    }

    std::shared_ptr<end> end_;
};

}  // namespace spargio::boundary
