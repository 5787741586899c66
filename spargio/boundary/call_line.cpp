#include "spargio/boundary/call_line.hpp"

#include "spargio/boundary/line_registry.hpp"
#include "spargio/boundary/told_wait.hpp"

namespace spargio::detail {

using phase = call_slot::phase;

call_line::call_line() {
    line_registry::instance().add(*this);
}

call_line::~call_line() {
    SPARGIO_ASSERT(queue_.empty() && servers_.empty());
    line_registry::instance().remove(*this);
}

void call_line::add(call_slot& fresh) noexcept {
    fresh.next = free_;
    free_ = &fresh;
}

// --- the caller ----------------------------------------------------------------------------------

result<call_slot*> call_line::open(clock::time_point deadline) {
    const bool too_late = deadline != clock::time_point::max() && deadline <= time_here();
    const lock held(mutex_);
    if (intake_closed_) {
        ++counted_.refused_closed;
        return failure(errc::closed);
    }
    if (too_late) {
        ++counted_.calls;
        ++counted_.timed_out;
        return failure(ETIMEDOUT);
    }
    if (free_ == nullptr) {
        ++counted_.refused_overloaded;
        return failure(errc::overloaded);
    }
    call_slot& opened = *std::exchange(free_, free_->next);
    SPARGIO_ASSERT(opened.at == phase::free && opened.holders == 0);
    opened.at = phase::filling;
    opened.holders = 1;
    opened.taken = false;
    opened.deadline = deadline;
    return &opened;
}

void call_line::give_back(call_slot& opened) noexcept {
    SPARGIO_ASSERT(opened.at == phase::filling);
    opened.at = phase::ended;
    release(opened);
}

bool call_line::submit(call_slot& filled, call_slot::caller who, call_wait* waiter) {
    lock held(mutex_);
    SPARGIO_ASSERT(filled.at == phase::filling);
    // Closed while the request was moved in: the servers may have been told that nothing can come.
    if (intake_closed_) {
        ++counted_.refused_closed;
        return false;
    }
    filled.who = who;
    filled.waiter = waiter;
    ++counted_.calls;
    recv_wait* const server = servers_.pop();
    if (server == nullptr) {
        filled.at = phase::queued;
        queue_.push(filled);
        return true;
    }
    hand_over(filled);
    server->decide(filled);
    held.unlock();
    server->told();
    return true;
}

void call_line::give_up(call_slot& slot) noexcept {
    if (slot.at == phase::queued) {
        queue_.remove(slot);
    } else {
        --counted_.serving;
    }
    slot.at = phase::ended;
    if (slot.deadline != clock::time_point::max() && slot.deadline <= time_here()) {
        slot.why = std::make_error_code(std::errc::timed_out);
        ++counted_.timed_out;
    } else {
        slot.why = std::make_error_code(std::errc::operation_canceled);
        ++counted_.cancelled;
    }
}

bool call_line::leave(call_slot& waited_for) noexcept {
    const lock held(mutex_);
    if (waited_for.at == phase::ended)
        return false;
    give_up(waited_for);
    return true;
}

bool call_line::cancel(call_slot& waited_for, std::uint64_t generation) {
    {
        const lock held(mutex_);
        if (waited_for.generation != generation || waited_for.at == phase::ended)
            return false;
        give_up(waited_for);
    }
    call_back(waited_for);
    return true;
}

bool call_line::is_pending(const call_slot& slot, std::uint64_t generation) const {
    const lock held(mutex_);
    return slot.generation == generation && slot.at != phase::ended;
}

bool call_line::await_end(call_slot& waited_for, clock::time_point until) {
    const auto has_ended = [&] { return waited_for.at == phase::ended; };
    lock held(mutex_);
    if (until != clock::time_point::max())
        return waited_for.ended.wait_until(held, until, has_ended);
    waited_for.ended.wait(held, has_ended);
    return true;
}

void call_line::release(call_slot& held_slot) noexcept {
    const lock held(mutex_);
    SPARGIO_ASSERT(held_slot.holders > 0 && held_slot.at == phase::ended);
    if (--held_slot.holders == 0) {
        held_slot.at = phase::free;
        ++held_slot.generation;
        add(held_slot);
    }
}

void call_line::end(lock& held, call_slot& slot, std::error_code why) {
    slot.at = phase::ended;
    slot.why = why;
    ++(!why                      ? counted_.answered
       : why == errc::closed     ? counted_.closed
       : why == errc::unanswered ? counted_.unanswered
                                 : counted_.timed_out);
    // A thread may take the answer and the slot another call as soon as the lock is free.
    const call_slot::caller who = slot.who;
    call_wait* const waiter = slot.waiter;
    if (who == call_slot::caller::thread)
        slot.ended.notify_one();
    held.unlock();
    if (who == call_slot::caller::task) {
        waiter->told();
    } else if (who == call_slot::caller::callback) {
        call_back(slot);
    }
}

void call_line::close_intake() {
    lock held(mutex_);
    intake_closed_ = true;
    tell_servers_of_the_end(held);
}

// --- the server ----------------------------------------------------------------------------------

void call_line::hand_over(call_slot& slot) noexcept {
    slot.at = phase::serving;
    slot.taken = true;
    slot.holders = 2;
    ++counted_.serving;
}

call_slot* call_line::take(std::error_code& why) {
    for (;;) {
        lock held(mutex_);
        call_slot* const oldest = queue_.pop();
        if (oldest == nullptr) {
            if (intake_closed_)
                why = errc::closed;
            return nullptr;
        }
        if (oldest->deadline == clock::time_point::max() || oldest->deadline > time_here()) {
            hand_over(*oldest);
            return oldest;
        }
        end(held, *oldest, std::make_error_code(std::errc::timed_out));
    }
}

bool call_line::wait_for_call(recv_wait& server) {
    const lock held(mutex_);
    if (!queue_.empty() || intake_closed_)
        return false;
    servers_.push(server);
    return true;
}

bool call_line::stop_waiting(recv_wait& server) noexcept {
    const lock held(mutex_);
    if (!servers_.contains(server))
        return false;
    servers_.remove(server);
    return true;
}

bool call_line::respond(call_slot& served) {
    lock held(mutex_);
    if (served.at == phase::ended) {
        ++counted_.responses_too_late;
        return false;
    }
    SPARGIO_ASSERT(served.at == phase::serving && served.holders == 2);
    served.holders = 1;
    --counted_.serving;
    end(held, served, {});
    return true;
}

void call_line::drop(call_slot& served) {
    lock held(mutex_);
    if (served.at == phase::ended) {
        held.unlock();
        return release(served);
    }
    served.holders = 1;
    --counted_.serving;
    end(held, served, errc::unanswered);
}

bool call_line::caller_left(const call_slot& served) const {
    const lock held(mutex_);
    return served.at == phase::ended;
}

void call_line::close_serving() {
    lock held(mutex_);
    intake_closed_ = true;
    tell_servers_of_the_end(held);
    // One by one: as soon as one is told its slot may be used again.
    for (;;) {
        call_slot* const unserved = queue_.pop();
        if (unserved == nullptr)
            return;
        end(held, *unserved, errc::closed);
        held.lock();
    }
}

void call_line::tell_servers_of_the_end(lock& held) {
    while (recv_wait* const server = servers_.pop()) {
        server->decide(errc::closed);
        held.unlock();
        server->told();
        held.lock();
    }
}

boundary::channel_stats call_line::stats() const {
    const lock held(mutex_);
    boundary::channel_stats seen = counted_;
    seen.waiting = queue_.size();
    return seen;
}

}  // namespace spargio::detail
