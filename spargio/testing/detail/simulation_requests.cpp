// A request's way from its submission to its completion.

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "spargio/core/assert.hpp"
#include "spargio/testing/detail/simulated_transfers.hpp"
#include "spargio/testing/detail/simulation.hpp"

namespace spargio::testing::detail {
namespace {

request_kind kind_of(const ::io_uring_sqe& sqe) noexcept {
    return static_cast<request_kind>(sqe.opcode);
}

bool acts_on_descriptor(const ::io_uring_sqe& sqe) noexcept {
    switch (sqe.opcode) {
    case IORING_OP_READ:
    case IORING_OP_WRITE:
    case IORING_OP_RECV:
    case IORING_OP_SEND:
    case IORING_OP_RECVMSG:
    case IORING_OP_SENDMSG:
    case IORING_OP_SPLICE:
    case IORING_OP_POLL_ADD:
    case IORING_OP_FSYNC:
    case IORING_OP_SHUTDOWN:
    case IORING_OP_ACCEPT:
    case IORING_OP_CONNECT:
    case IORING_OP_SEND_ZC:
        return true;
    case IORING_OP_STATX:
        return *reinterpret_cast<const char*>(sqe.addr) == '\0';
    default:
        return false;
    }
}

/// How what a cancel interrupted says so; the last is a number the kernel forgets to translate.
constexpr std::array interrupted = {-ECANCELED, -EINTR, -fault_plan::restart};

/// Those that have a system call which does not wait.
bool can_be_attempted(const ::io_uring_sqe& sqe) noexcept {
    const request_kind kind = kind_of(sqe);
    return kind == request_kind::read || kind == request_kind::recv || kind == request_kind::send ||
           kind == request_kind::recvmsg || kind == request_kind::sendmsg;
}

/// It may move no byte and end instead of waiting.
bool does_not_wait(const ::io_uring_sqe& sqe) noexcept {
    return (sqe.opcode == IORING_OP_RECV || sqe.opcode == IORING_OP_RECVMSG) &&
           (sqe.msg_flags & MSG_DONTWAIT) != 0;
}

bool fits(const scripted_outcome& script, const ::io_uring_sqe& sqe) noexcept {
    return (script.kind == request_kind::any || script.kind == kind_of(sqe)) &&
           (script.descriptor == scripted_outcome::any_descriptor || script.descriptor == sqe.fd);
}

}  // namespace

// --- what is to happen to it ---------------------------------------------------------------------

std::uint64_t simulation::some_delay() noexcept {
    return 1 + random.below(options.longest_delay_ns);
}

scripted_outcome* simulation::script_for(const ::io_uring_sqe& sqe) noexcept {
    const auto found = std::ranges::find_if(
        scripts, [&](const scripted_outcome& script) { return fits(script, sqe); });
    return found == scripts.end() ? nullptr : &*found;
}

void simulation::use_script(scripted_outcome& script) {
    if (--script.times == 0)
        scripts.erase(scripts.begin() + (&script - scripts.data()));
}

std::size_t simulation::transfer_limit(const ::io_uring_sqe& sqe) noexcept {
    // Of a buffer the kernel chooses the size is not known yet.
    constexpr std::size_t some_size = 64;
    const bool chosen = sqe.opcode == IORING_OP_RECV && sqe.len == 0;
    const std::size_t size = chosen ? some_size : transfer_size(sqe);
    if (size != 0 && random.chance(options.short_percent))
        return 1 + random.below(size);
    return ~std::size_t{0};
}

// --- on its way ----------------------------------------------------------------------------------

void simulation::issue(simulated_ring& ring, const ::io_uring_sqe& sqe) {
    ++requested[sqe.opcode];
    held_request request;
    request.number = ++last_number_;
    request.ring = &ring;
    request.sqe = sqe;
    request.most = transfer_limit(sqe);
    // Links, drains and fixed files are not simulated: refused, not ignored.
    if ((sqe.flags & ~unsigned{IOSQE_CQE_SKIP_SUCCESS | IOSQE_BUFFER_SELECT}) != 0 || refuses(sqe))
        return finish(std::move(request), -EINVAL, true);
    if (sqe.opcode == IORING_OP_ASYNC_CANCEL)
        return issue_cancel(std::move(request));
    if (sqe.opcode == IORING_OP_MSG_RING) {
        const int outcome = message(sqe);
        return finish(std::move(request), outcome, random.chance(options.immediate_percent));
    }

    std::uint64_t delay = random.chance(options.immediate_percent) ? 0 : some_delay();
    if (acts_on_descriptor(sqe)) {
        request.target = world.find(sqe.fd);
        if (request.target != nullptr && request.target->prompt())
            delay = 0;
    }
    if (sqe.opcode == IORING_OP_TIMEOUT) {
        request.result = -ETIME;
        delay = duration_of(sqe);
    }
    if (scripted_outcome* script = script_for(sqe)) {
        if (script->result)
            request.result = script->result;
        delay = script->delay_ns.value_or(delay);
        request.most = script->most.value_or(request.most);
        use_script(*script);
    }
    if (acts_on_descriptor(sqe) && request.target == nullptr && !request.result)
        return finish(std::move(request), -EBADF, true);
    if (const auto fault =
            faults.meet("request", kind_of(sqe), fault_plan::faults_of(kind_of(sqe)))) {
        if (*fault == fault_plan::cut_short) {
            request.most = 1;
        } else {
            request.result = *fault;
        }
    }
    if (delay == 0)
        return perform(std::move(request), true);
    held_request& held = requests_.at(hold(std::move(request)));
    if (delay == scripted_outcome::until_cancelled) {
        held.at = stage::held;
    } else {
        reschedule(held, delay);
    }
}

/// There is one clock: what is asked for by another one passes by this.
std::uint64_t simulation::duration_of(const ::io_uring_sqe& timeout) noexcept {
    SPARGIO_ASSERT((timeout.timeout_flags & IORING_TIMEOUT_ABS) == 0 && timeout.off == 0);
    const auto& lasts = *reinterpret_cast<const __kernel_timespec*>(timeout.addr);
    return static_cast<std::uint64_t>(lasts.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(lasts.tv_nsec);
}

std::uint64_t simulation::hold(held_request request) {
    const std::uint64_t number = request.number;
    requests_.insert_or_assign(number, std::move(request));
    return number;
}

void simulation::reschedule(held_request& request, std::uint64_t delay_ns) {
    take_from_schedule(request);
    if (request.at != stage::finished)
        request.at = stage::scheduled;
    request.due = schedule(delay_ns, {event_kind::request, request.number});
}

void simulation::take_from_schedule(held_request& request) {
    if (request.due)
        schedule_.erase(*request.due);
    request.due.reset();
}

void simulation::changed(simulated_object& object) {
    for (const std::uint64_t number : std::exchange(object.waiting, {})) {
        const auto found = requests_.find(number);
        if (found == requests_.end() || found->second.at != stage::waiting)
            continue;
        if (object.prompt()) {
            proceed(found->second);
        } else {
            reschedule(found->second, some_delay());
        }
    }
}

void simulation::proceed(held_request& held) {
    held_request request = std::move(held);
    requests_.erase(request.number);
    if (request.at == stage::finished) {
        deliver(request, false);
    } else {
        perform(std::move(request), false);
    }
}

int simulation::act(held_request& request, object_pointer* instead) {
    if (request.target != nullptr && request.target->keeps_boundaries())
        request.most = ~std::size_t{0};
    if (!request.result && (request.sqe->flags & IOSQE_BUFFER_SELECT) != 0)
        return receive_selected(request, request.most);
    if (!request.result)
        return world.execute(*request.sqe, request.target, request.most, instead);
    // A close that fails has closed all the same.
    if (request.sqe->opcode == IORING_OP_CLOSE)
        world.close(request.sqe->fd);
    return *request.result;
}

void simulation::perform(held_request request, bool during_submission) {
    object_pointer instead;
    const int outcome = act(request, &instead);
    if (is_multishot(*request.sqe) && goes_on_after(request, outcome))
        return deliver_and_go_on(std::move(request), outcome, during_submission);
    if (outcome != -EAGAIN || request.result || does_not_wait(*request.sqe))
        return finish(std::move(request), outcome, during_submission);
    if (request.cancelled)
        return finish(std::move(request), interrupted[random.below(interrupted.size())], false);
    simulated_object& awaited = instead != nullptr ? *instead : *request.target;
    request.at = stage::waiting;
    awaited.waiting.push_back(hold(std::move(request)));
}

/// The outcome is fixed; its completion may take a while yet, in which a cancel finds nothing.
void simulation::finish(held_request request, int outcome, bool during_submission) {
    if (request.sqe->opcode == IORING_OP_SEND_ZC && outcome != -EINVAL && outcome != -ECANCELED)
        return finish_zero_copy(std::move(request), outcome, during_submission);
    const bool at_once = (request.target != nullptr && request.target->prompt()) ||
                         (request.flags & IORING_CQE_F_BUFFER) != 0;
    request.outcome = outcome;
    request.at = stage::finished;
    request.target.reset();
    ++completed[{request.sqe->opcode, outcome}];
    if (during_submission || at_once || random.chance(50))
        return deliver(request, during_submission);
    reschedule(requests_.at(hold(std::move(request))), some_delay());
}

void simulation::deliver(const held_request& request, bool during_submission) {
    if ((request.sqe->flags & IOSQE_CQE_SKIP_SUCCESS) != 0 && request.outcome >= 0)
        return;
    if (!request.lent.empty())
        check_lent(request);
    const simulated_completion completion{request.sqe->user_data, request.outcome, request.flags};
    if (request.sqe->opcode != IORING_OP_ASYNC_CANCEL && request.sqe->opcode != IORING_OP_MSG_RING)
        request.ring->last = completion;
    show(request, completion, during_submission);
}

void simulation::post_outside(simulated_ring& ring, const simulated_completion& completion) {
    if (ring.holds_back()) {
        ring.hold_back(completion);
        if (ring.has(IORING_SETUP_COOP_TASKRUN) && !ring.tick_scheduled) {
            ring.tick_scheduled = true;
            schedule(options.tick_ns, {event_kind::tick, ring.number()});
        }
    } else {
        ring.post(completion);
    }
    ring.changed.notify_all();
}

// --- cancels, messages and attempts --------------------------------------------------------------

void simulation::issue_cancel(held_request request) {
    // Only by user data, the oldest match: what more there is would need more here.
    if (request.sqe->cancel_flags != 0)
        return finish(std::move(request), -EINVAL, true);
    bool target_first = false;
    const int outcome = cancel(*request.ring, request.sqe->addr, target_first);
    // After the target's completion comes, at times, nothing at all for a while.
    finish(std::move(request), outcome, !target_first || random.chance(50));
}

int simulation::cancel(simulated_ring& ring, std::uint64_t user_data, bool& target_first) {
    const auto found = std::ranges::find_if(requests_, [&](const auto& entry) {
        const held_request& held = entry.second;
        return held.ring == &ring && held.sqe->user_data == user_data && held.at != stage::finished;
    });
    if (found == requests_.end())
        return -ENOENT;
    cancel_race race = options.race;
    if (race == cancel_race::by_seed) {
        constexpr std::array choices = {cancel_race::cancel_wins, cancel_race::cancel_wins,
                                        cancel_race::result_wins, cancel_race::already_running};
        race = choices[random.below(choices.size())];
    }
    if (faults.meet("request", request_kind::cancel, fault_plan::faults_of(request_kind::cancel)))
        race = cancel_race::already_running;
    // Before its time a timeout can only be cancelled.
    held_request& held = found->second;
    if (held.sqe->opcode == IORING_OP_TIMEOUT && held.due && held.due->first > clock.now_ns())
        race = cancel_race::cancel_wins;

    if (race == cancel_race::already_running) {
        held.cancelled = true;
        reschedule(held, some_delay());
        return -EALREADY;
    }
    take_from_schedule(held);
    held_request target = std::move(held);
    requests_.erase(found);
    target_first = options.order == cancel_order::target_first ||
                   (options.order == cancel_order::by_seed && random.chance(50));
    int outcome = -ECANCELED;
    if (race == cancel_race::result_wins) {
        outcome = act(target, nullptr);
        if (outcome == -EAGAIN)
            outcome = -ECANCELED;
    }
    const bool won = outcome == -ECANCELED;
    finish(std::move(target), outcome, target_first);
    return won ? 0 : -ENOENT;
}

int simulation::message(const ::io_uring_sqe& sqe) {
    if (scripted_outcome* script = script_for(sqe); script != nullptr && script->result) {
        const int result = *script->result;
        use_script(*script);
        return result;
    }
    if (const auto fault = faults.meet("request", request_kind::message,
                                       fault_plan::faults_of(request_kind::message)))
        return *fault;
    if (options.missing.has(feature::message_ring) || sqe.addr != IORING_MSG_DATA)
        return -EINVAL;
    const object_pointer object = world.find(sqe.fd);
    if (object == nullptr)
        return -EBADF;
    simulated_ring* target = ring_of(sqe.fd);
    if (target == nullptr)
        return -EBADFD;
    if (target->full())
        return -EOVERFLOW;
    const simulated_completion completion{sqe.off, static_cast<int>(sqe.len), 0};
    // Only a ring that defers keeps others from posting into it.
    if (target->has(IORING_SETUP_DEFER_TASKRUN)) {
        target->hold_back(completion);
    } else {
        target->post(completion);
    }
    target->changed.notify_all();
    return 0;
}

int simulation::attempt(const ::io_uring_sqe& sqe) {
    static constexpr std::array faulty = {-EAGAIN, -EINTR, -EOPNOTSUPP, -ENOMEM};
    if (const auto fault = faults.meet("attempt", kind_of(sqe), faulty))
        return *fault;
    if (!can_be_attempted(sqe) || options.missing.has(feature::attempt_first))
        return -EOPNOTSUPP;
    std::size_t most = transfer_limit(sqe);
    if (scripted_outcome* script = script_for(sqe)) {
        if (script->delay_ns.value_or(0) != 0)
            return -EAGAIN;
        const auto result = script->result;
        most = script->most.value_or(most);
        use_script(*script);
        if (result)
            return *result;
    } else if (!random.chance(options.attempt_percent)) {
        return -EAGAIN;
    }
    const object_pointer target = world.find(sqe.fd);
    return target == nullptr ? -EBADF : world.execute(sqe, target, most, nullptr);
}

}  // namespace spargio::testing::detail
