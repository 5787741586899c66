#include "spargio/testing/detail/simulated_ring.hpp"

#include "spargio/core/assert.hpp"

namespace spargio::testing::detail {
namespace {

unsigned load_acquire(const unsigned& shared) noexcept {
    return __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
}
void store_release(unsigned& shared, unsigned value) noexcept {
    __atomic_store_n(&shared, value, __ATOMIC_RELEASE);
}

}  // namespace

simulated_ring::simulated_ring(std::uint64_t number, unsigned sq_entries, unsigned cq_entries,
                               unsigned flags)
    : number_(number),
      flags_(flags),
      sq_entries_(sq_entries),
      cq_entries_(cq_entries),
      sq_mask_(sq_entries - 1),
      cq_mask_(cq_entries - 1),
      sq_array_(std::make_unique<unsigned[]>(sq_entries)),
      sqes_(std::make_unique<std::byte[]>(sq_entries * sizeof(::io_uring_sqe))),
      cqes_(std::make_unique<std::byte[]>(cq_entries * sizeof(::io_uring_cqe))) {}

void simulated_ring::map_into(::io_uring& ring, ::io_uring_params& params,
                              int descriptor) noexcept {
    params.sq_entries = sq_entries_;
    params.cq_entries = cq_entries_;
    params.features = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE |
                      IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP;
    ring.sq.khead = &sq_head_;
    ring.sq.ktail = &sq_tail_;
    ring.sq.kring_mask = &sq_mask_;
    ring.sq.kring_entries = &sq_entries_;
    ring.sq.kflags = &sq_flags_;
    ring.sq.kdropped = &sq_dropped_;
    ring.sq.array = sq_array_.get();
    ring.sq.sqes = reinterpret_cast<::io_uring_sqe*>(sqes_.get());
    ring.sq.ring_mask = sq_mask_;
    ring.sq.ring_entries = sq_entries_;
    ring.cq.khead = &cq_head_;
    ring.cq.ktail = &cq_tail_;
    ring.cq.kring_mask = &cq_mask_;
    ring.cq.kring_entries = &cq_entries_;
    ring.cq.kflags = &cq_flags_;
    ring.cq.koverflow = &cq_overflow_;
    ring.cq.cqes = reinterpret_cast<::io_uring_cqe*>(cqes_.get());
    ring.cq.ring_mask = cq_mask_;
    ring.cq.ring_entries = cq_entries_;
    ring.flags = flags_;
    ring.features = params.features;
    ring.ring_fd = descriptor;
    ring.enter_ring_fd = descriptor;
}

std::size_t simulated_ring::bytes() const noexcept {
    const auto whole_pages = [](std::size_t size) { return (size + 4095) / 4096 * 4096; };
    constexpr std::size_t header = 320;
    return whole_pages(sq_entries_ * sizeof(::io_uring_sqe)) +
           whole_pages(header + cq_entries_ * sizeof(::io_uring_cqe) +
                       sq_entries_ * sizeof(unsigned));
}

unsigned simulated_ring::submitted() const noexcept {
    return load_acquire(sq_tail_) - sq_head_;
}

::io_uring_sqe simulated_ring::take_request() noexcept {
    SPARGIO_ASSERT(submitted() > 0 && submitted() <= sq_entries_);
    const unsigned index = sq_array_[sq_head_ & sq_mask_];
    SPARGIO_ASSERT(index < sq_entries_);
    const ::io_uring_sqe request = reinterpret_cast<const ::io_uring_sqe*>(sqes_.get())[index];
    store_release(sq_head_, sq_head_ + 1);
    return request;
}

unsigned simulated_ring::visible() const noexcept {
    return cq_tail_ - load_acquire(cq_head_);
}

void simulated_ring::place(const simulated_completion& completion) noexcept {
    ::io_uring_cqe& slot = reinterpret_cast<::io_uring_cqe*>(cqes_.get())[cq_tail_ & cq_mask_];
    slot.user_data = completion.user_data;
    slot.res = completion.result;
    slot.flags = completion.flags;
    store_release(cq_tail_, cq_tail_ + 1);
}

void simulated_ring::post(const simulated_completion& completion) {
    SPARGIO_ASSERT(visible() <= cq_entries_);
    if (overflow_.empty() && !full()) {
        place(completion);
        return;
    }
    overflow_.push_back(completion);
    set_flag(IORING_SQ_CQ_OVERFLOW, true);
}

void simulated_ring::hold_back(const simulated_completion& completion) {
    task_work_.push_back(completion);
    if (has(IORING_SETUP_TASKRUN_FLAG))
        set_flag(IORING_SQ_TASKRUN, true);
}

void simulated_ring::run_task_work(std::size_t most) {
    for (; !task_work_.empty() && most > 0; --most) {
        post(task_work_.front());
        task_work_.pop_front();
    }
    if (task_work_.empty())
        set_flag(IORING_SQ_TASKRUN, false);
}

void simulated_ring::flush_overflow() {
    while (!overflow_.empty() && !full()) {
        place(overflow_.front());
        overflow_.pop_front();
    }
    if (overflow_.empty())
        set_flag(IORING_SQ_CQ_OVERFLOW, false);
}

void simulated_ring::set_flag(unsigned flag, bool on) noexcept {
    if (on) {
        __atomic_fetch_or(&sq_flags_, flag, __ATOMIC_RELEASE);
    } else {
        __atomic_fetch_and(&sq_flags_, ~flag, __ATOMIC_RELEASE);
    }
}

}  // namespace spargio::testing::detail
