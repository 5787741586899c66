// Requests with several completions, and buffers the kernel chooses.

#include <algorithm>
#include <cerrno>

#include "spargio/core/assert.hpp"
#include "spargio/ring/detail/newer_abi.hpp"
#include "spargio/testing/detail/simulated_transfers.hpp"
#include "spargio/testing/detail/simulation.hpp"

namespace spargio::testing::detail {

using spargio::detail::abi::recvsend_bundle;

bool simulation::is_multishot(const ::io_uring_sqe& sqe) noexcept {
    const bool receives = sqe.opcode == IORING_OP_RECV || sqe.opcode == IORING_OP_RECVMSG;
    return (receives && (sqe.ioprio & IORING_RECV_MULTISHOT) != 0) ||
           (sqe.opcode == IORING_OP_ACCEPT && (sqe.ioprio & IORING_ACCEPT_MULTISHOT) != 0);
}

/// What this kernel has not, and what no kernel takes.
bool simulation::refuses(const ::io_uring_sqe& sqe) const noexcept {
    const bool selects = (sqe.flags & IOSQE_BUFFER_SELECT) != 0;
    const auto lacks = [&](feature which) { return options.missing.has(which); };
    switch (sqe.opcode) {
    case IORING_OP_RECV:
    case IORING_OP_RECVMSG:
        return (selects && lacks(feature::provided_buffers)) ||
               (is_multishot(sqe) && (!selects || lacks(feature::multishot_receive))) ||
               ((sqe.ioprio & recvsend_bundle) != 0 &&
                (!selects || lacks(feature::bundled_receive)));
    case IORING_OP_ACCEPT:
        return selects || (is_multishot(sqe) && lacks(feature::multishot_accept));
    case IORING_OP_SEND_ZC:
        return selects || lacks(feature::zero_copy_send);
    default:
        return selects;
    }
}

int simulation::provide_buffers(simulated_ring& ring, const ::io_uring_buf_reg& request) {
    constexpr unsigned incremental = spargio::detail::abi::pbuf_ring_inc;
    const unsigned flags = request.pad;
    if (options.missing.has(feature::provided_buffers) || (flags & ~incremental) != 0 ||
        (flags != 0 && options.missing.has(feature::incremental_buffers)))
        return -EINVAL;
    if (request.ring_addr == 0)
        return -EFAULT;
    auto& queue = *reinterpret_cast<::io_uring_buf_ring*>(request.ring_addr);
    const bool made =
        ring.buffers.try_emplace(request.bgid, queue, request.ring_entries, flags != 0).second;
    return made ? 0 : -EEXIST;
}

/// Receives into a buffer of the request's group, or, bundled, into several.
int simulation::receive_selected(held_request& request, std::size_t most) {
    const ::io_uring_sqe& sqe = *request.sqe;
    const auto group = request.ring->buffers.find(sqe.buf_group);
    if (group == request.ring->buffers.end() || group->second.empty() ||
        random.chance(options.no_buffers_percent))
        return -ENOBUFS;
    simulated_buffers& buffers = group->second;
    int total = 0;
    unsigned flags = 0;
    for (;;) {
        std::span<std::byte> into = buffers.next();
        into = into.first(std::min(into.size(), most - static_cast<std::size_t>(total)));
        const int count = sqe.opcode == IORING_OP_RECVMSG
                              ? receive_message_into(*request.target, sqe, into)
                              : request.target->receive(into);
        if (count <= 0)
            return total > 0 ? total : count;
        const unsigned used = buffers.use(static_cast<std::size_t>(count));
        // The first buffer is named; whether the last one goes on is said too.
        constexpr unsigned goes_on = spargio::detail::abi::cqe_f_buf_more;
        flags = (total == 0 ? used & ~goes_on : flags & ~goes_on) | (used & goes_on);
        request.flags = flags;
        total += count;
        const bool whole = static_cast<std::size_t>(count) == into.size();
        if ((sqe.ioprio & recvsend_bundle) == 0 || !whole || buffers.empty() ||
            static_cast<std::size_t>(total) == most)
            return total;
    }
}

/// One of several completions. \return whether more are to follow it
bool simulation::goes_on_after(const held_request& request, int outcome) {
    const bool accepts = request.sqe->opcode == IORING_OP_ACCEPT;
    if (outcome < 0 || (outcome == 0 && !accepts) || request.cancelled || request.result)
        return false;
    static constexpr std::array faulty = {fault_plan::cut_short};
    return !faults.meet("arrival of", static_cast<request_kind>(request.sqe->opcode), faulty) &&
           !random.chance(options.end_multishot_percent) && !request.ring->crowded();
}

void simulation::deliver_and_go_on(held_request request, int outcome, bool during_submission) {
    ++completed[{request.sqe->opcode, outcome}];
    const simulated_completion completion{request.sqe->user_data, outcome,
                                          request.flags | IORING_CQE_F_MORE};
    request.flags = 0;
    show(request, completion, during_submission);
    reschedule(requests_.at(hold(std::move(request))), some_delay());
}

/// Those of one request come in their order, and so do those of one group of buffers: a kernel that
/// holds some back acts on them only when it posts them.
void simulation::show(const held_request& request, const simulated_completion& completion,
                      bool during_submission) {
    const bool in_order =
        is_multishot(*request.sqe) || (completion.flags & IORING_CQE_F_BUFFER) != 0;
    if (during_submission && !(in_order && request.ring->has_task_work())) {
        request.ring->post(completion);
    } else {
        post_outside(*request.ring, completion);
    }
}

// --- zero-copy sends -----------------------------------------------------------------------------

/// The bytes have been moved, or not; the program may have its memory back when the notification
/// comes, and not before.
void simulation::finish_zero_copy(held_request request, int outcome, bool during_submission) {
    ++completed[{request.sqe->opcode, outcome}];
    const auto* sent = reinterpret_cast<const std::byte*>(request.sqe->addr);
    request.lent.assign(sent, sent + std::max(outcome, 0));
    const simulated_completion completion{request.sqe->user_data, outcome, IORING_CQE_F_MORE};
    if (during_submission) {
        request.ring->post(completion);
    } else {
        post_outside(*request.ring, completion);
    }
    const bool copied = random.chance(options.copied_percent);
    request.outcome = copied ? static_cast<int>(spargio::detail::abi::notif_usage_zc_copied) : 0;
    request.flags = IORING_CQE_F_NOTIF;
    request.at = stage::finished;
    request.target.reset();
    const std::uint64_t delay = some_delay() + options.notification_delay_ns;
    reschedule(requests_.at(hold(std::move(request))), delay);
}

void simulation::check_lent(const held_request& request) {
    const auto* lent = reinterpret_cast<const std::byte*>(request.sqe->addr);
    if (!std::equal(request.lent.begin(), request.lent.end(), lent))
        ++overwritten;
}

}  // namespace spargio::testing::detail
