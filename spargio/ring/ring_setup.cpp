// Opening and closing a ring: which set-up flags this kernel takes, and what it offers.

#include <liburing.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "spargio/ring/detail/newer_abi.hpp"
#include "spargio/ring/ring.hpp"

namespace spargio {
namespace {

// Queues that take two pages.
constexpr unsigned modest_entries = 64;
constexpr unsigned modest_cq_entries = 128;

struct setup_mode {
    unsigned flags;
    feature_set gives;
};

/// From the one that is wanted to the one every supported kernel has.
std::array<setup_mode, 3> modes(const ring_options& options) {
    const unsigned always = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL;
    const setup_mode deferred{always | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                  IORING_SETUP_TASKRUN_FLAG,
                              {feature::deferred_taskrun}};
    const setup_mode cooperative{always | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
                                 {feature::cooperative_taskrun}};
    const setup_mode plain{always, {}};
    const bool may_defer = options.deferred && !options.disabled.has(feature::deferred_taskrun);
    const bool may_cooperate = !options.disabled.has(feature::cooperative_taskrun);
    const setup_mode& second = may_cooperate ? cooperative : plain;
    return {may_defer ? deferred : second, second, plain};
}

/// Whether the kernel knows a register operation: an unknown one answers EINVAL where a known one
/// complains about the descriptor in the request.
bool register_message_works(kernel& entry) noexcept {
    ::io_uring_sqe request{};
    request.opcode = IORING_OP_MSG_RING;
    request.fd = -1;
    return entry.control(-1, detail::abi::register_send_msg_ring, &request, 1) == -EBADF;
}

bool knows_operation(kernel& entry, int descriptor, unsigned operation) noexcept {
    alignas(::io_uring_probe)
        std::array<std::byte,
                   sizeof(::io_uring_probe) + IORING_OP_LAST * sizeof(::io_uring_probe_op)>
            memory{};
    auto* probe = reinterpret_cast<::io_uring_probe*>(memory.data());
    if (entry.control(descriptor, IORING_REGISTER_PROBE, probe, IORING_OP_LAST) < 0)
        return false;
    return operation <= probe->last_op &&
           (probe->ops[operation].flags & IO_URING_OP_SUPPORTED) != 0;
}

/// The registered number of a ring: entering by it spares the kernel a descriptor look-up.
int register_own(kernel& entry, int descriptor) noexcept {
    ::io_uring_rsrc_update update{};
    update.offset = ~0u;
    update.data = static_cast<unsigned>(descriptor);
    const int outcome = entry.control(descriptor, IORING_REGISTER_RING_FDS, &update, 1);
    return outcome == 1 ? static_cast<int>(update.offset) : -1;
}

}  // namespace

ring::ring(kernel& entry, const ring_options& options)
    : kernel_(entry), options_(options), uring_(std::make_unique<::io_uring>()) {}

result<std::unique_ptr<ring>> ring::open(kernel& entry, const ring_options& options) {
    std::unique_ptr<ring> opened(new ring(entry, options));
    if (const int outcome = opened->set_up(); outcome < 0)
        return failure(-outcome);
    return opened;
}

int ring::create(unsigned entries, unsigned cq_entries) {
    int outcome = -EINVAL;
    for (const setup_mode& mode : modes(options_)) {
        ::io_uring_params params{};
        params.flags = mode.flags;
        params.cq_entries = cq_entries;
        *uring_ = {};
        uring_->ring_fd = -1;
        outcome = kernel_.create(entries, params, *uring_);
        features_ = mode.gives;
        if (outcome != -EINVAL)
            break;
    }
    return outcome;
}

int ring::set_up() {
    // Newer kernels count the queues as locked memory, of which a user may have as little as 64 KiB
    // for all rings.
    int outcome = create(options_.entries, options_.cq_entries);
    if (outcome == -ENOMEM)
        outcome = create(std::min(options_.entries, modest_entries),
                         std::min(options_.cq_entries, modest_cq_entries));
    if (outcome < 0) {
        uring_.reset();
        return outcome;
    }
    const ::io_uring_sq& sq = uring_->sq;
    const ::io_uring_cq& cq = uring_->cq;
    sq_head_ = sq.khead;
    sq_tail_ = sq.ktail;
    sq_flags_ = sq.kflags;
    sq_mask_ = *sq.kring_mask;
    cq_head_ = cq.khead;
    cq_tail_ = cq.ktail;
    cq_mask_ = *cq.kring_mask;
    for (unsigned i = 0; i <= sq_mask_; ++i)
        sq.array[i] = i;

    feature_set offered{feature::attempt_first};
    if (knows_operation(kernel_, uring_->ring_fd, IORING_OP_MSG_RING))
        offered.add(feature::message_ring);
    if (register_message_works(kernel_))
        offered.add(feature::register_message);
    if (!options_.disabled.has(feature::registered_ring)) {
        if (const int number = register_own(kernel_, uring_->ring_fd); number >= 0) {
            registered_ = true;
            uring_->enter_ring_fd = number;
            offered.add(feature::registered_ring);
        }
    }
    features_.add(offered);
    features_.remove(options_.disabled);
    // Forced off, what builds on it goes too.
    if (!features_.has(feature::message_ring))
        features_.remove(feature::register_message);
    // Bounded and unbounded workers alike. A kernel that refuses keeps its own limits.
    std::array<unsigned, 2> workers = {options_.io_workers, options_.io_workers};
    kernel_.control(uring_->ring_fd, IORING_REGISTER_IOWQ_MAX_WORKERS, workers.data(),
                    static_cast<unsigned>(workers.size()));
    return 0;
}

ring::~ring() {
    if (uring_ == nullptr)
        return;
    SPARGIO_ASSERT(in_flight() == lingering_.get());
    SPARGIO_ASSERT(backlog_.head == nullptr && cancel_backlog_.head == nullptr);
    leave();
    kernel_.destroy(*uring_);
}

void ring::leave() noexcept {
    kernel_.left(*uring_);
    if (!registered_)
        return;
    // The number is the thread's, not the ring's.
    ::io_uring_rsrc_update update{};
    update.offset = static_cast<unsigned>(uring_->enter_ring_fd);
    kernel_.control(uring_->ring_fd, IORING_UNREGISTER_RING_FDS, &update, 1);
    uring_->enter_ring_fd = uring_->ring_fd;
    registered_ = false;
}

int ring::descriptor() const noexcept {
    return uring_->ring_fd;
}

}  // namespace spargio
