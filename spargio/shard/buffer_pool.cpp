#include "spargio/shard/buffer_pool.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <utility>

#include "spargio/core/pause.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio {

result<buffer_pool*> buffer_pool::open(shard& home, const buffer_options& options,
                                       feature_set features, unsigned group) {
    const std::size_t bytes = std::size_t{options.count} * options.size;
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return failure(ENOMEM);
    mapping mapped(static_cast<std::byte*>(memory), unmap{bytes});
    auto* opened = new buffer_pool(home, options, std::move(mapped), group);
    try {
        opened->offer_to_kernel(features);
    } catch (...) {
        delete opened;
        throw;
    }
    return opened;
}

result<buffer_pool*> buffer_pool::whole_buffers() {
    if (!features_.has(feature::incremental_buffers))
        return this;
    if (whole_ == nullptr) {
        feature_set features = features_;
        features.remove(feature::incremental_buffers);
        const auto opened =
            open(*home_.load(std::memory_order_relaxed), options_, features, group_ + 1);
        if (!opened)
            return opened;
        whole_ = *opened;
    }
    return whole_;
}

buffer_pool::buffer_pool(shard& home, const buffer_options& options, mapping memory, unsigned group)
    : options_(options),
      memory_(std::move(memory)),
      group_(group),
      slots_(std::make_unique<slot[]>(options.count)),
      retry_(*this),
      home_(&home) {}

void buffer_pool::unmap::operator()(std::byte* memory) const noexcept {
    ::munmap(memory, bytes);
}

/// A kernel that refuses, for want of memory or by its age, gets none.
/// Of what shares a buffer completions do not say where in it they begin, so they are to come in
/// order. When a full queue ends requests they do, unless somebody takes some of it while the
/// kernel still posts, as another shard may. The owner cannot: the kernel posts on its thread.
void buffer_pool::offer_to_kernel(feature_set features) {
    features_ = features;
    const shard& home = *home_.load(std::memory_order_relaxed);
    if (!home.features().has(feature::deferred_taskrun) && !home.serves_itself())
        features_.remove(feature::incremental_buffers);
    if (features_.has(feature::provided_buffers) && features_.has(feature::multishot_receive)) {
        const unsigned offered = options_.count - options_.count / 4;
        auto opened = buffer_ring::open(home.entry(), home.ring_descriptor(), group(), offered,
                                        features_.has(feature::incremental_buffers));
        if (opened) {
            ring_ = std::move(*opened);
            first_kept_back_ = offered;
        }
    }
    if (ring_ == nullptr)
        features_.remove(feature::multishot_receive);
    for (unsigned number = 0; number != options_.count; ++number)
        bring_home(number);
}

void buffer_pool::close() noexcept {
    if (whole_ != nullptr)
        std::exchange(whole_, nullptr)->close();
    // From here on a lease that ends is one of those left behind; one that had seen a home before
    // has put its buffer into the list once it is no visitor any more.
    home_.store(nullptr, std::memory_order_seq_cst);
    for (detail::backoff between_looks; visitors_.load(std::memory_order_seq_cst) != 0;)
        between_looks.wait();
    SPARGIO_ASSERT(waiting_.empty());
    ring_.reset();
    int leased = 0;
    for (unsigned number = 0; number != options_.count; ++number) {
        slot& each = slots_[number];
        const place where = each.where.load(std::memory_order_relaxed);
        // What the kernel has used in part may have leases too.
        const bool shared =
            where == place::kernel && each.holds.fetch_sub(1, std::memory_order_acq_rel) != 1;
        leased += where == place::lease || shared ? 1 : 0;
    }
    if (left_behind_.fetch_add(leased, std::memory_order_acq_rel) + leased == 0)
        delete this;
}

// --- the way to a lease --------------------------------------------------------------------------

std::span<std::byte> buffer_pool::take(unsigned number, std::size_t size, bool goes_on) noexcept {
    SPARGIO_ASSERT(number < options_.count);
    slot& from = slots_[number];
    SPARGIO_ASSERT(from.where.load(std::memory_order_relaxed) == place::kernel);
    SPARGIO_ASSERT(size <= options_.size - from.used);
    const std::span<std::byte> bytes = memory_of(number).subspan(from.used, size);
    from.used += static_cast<std::uint32_t>(size);
    if (goes_on) {
        from.holds.fetch_add(1, std::memory_order_relaxed);
    } else {
        // The kernel's hold becomes the lease's.
        from.where.store(place::lease, std::memory_order_relaxed);
        ++taken_;
    }
    return bytes;
}

std::optional<unsigned> buffer_pool::take_kept_back() noexcept {
    if (kept_back_ == none)
        return std::nullopt;
    const std::uint32_t number = kept_back_;
    slot& from = slots_[number];
    kept_back_ = from.next;
    from.holds.store(1, std::memory_order_relaxed);
    from.where.store(place::lease, std::memory_order_relaxed);
    return number;
}

// --- the way home --------------------------------------------------------------------------------

void buffer_lease::reset() noexcept {
    if (pool_ != nullptr)
        std::exchange(pool_, nullptr)->release(number_);
    bytes_ = {};
}

void buffer_pool::release(unsigned number) noexcept {
    slot& ended = slots_[number];
    // The only one left needs no locked instruction to know that.
    if (ended.holds.load(std::memory_order_acquire) != 1 &&
        ended.holds.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    shard* const home = home_.load(std::memory_order_relaxed);
    if (home == nullptr || shard::current() != home)
        return send_home(number);
    SPARGIO_ASSERT(ended.where.load(std::memory_order_relaxed) == place::lease);
    bring_home(number);
    call_who_waits(*home);
}

/// On the owner's thread.
void buffer_pool::bring_home(unsigned number) noexcept {
    slot& back = slots_[number];
    back.used = 0;
    if (number < first_kept_back_) {
        back.holds.store(1, std::memory_order_relaxed);
        back.where.store(place::kernel, std::memory_order_relaxed);
        ++given_;
        ring_->add(number, memory_of(number));
    } else {
        back.where.store(place::home, std::memory_order_relaxed);
        back.next = kept_back_;
        kept_back_ = number;
    }
}

/// From any other thread.
void buffer_pool::send_home(unsigned number) noexcept {
    visitors_.fetch_add(1, std::memory_order_seq_cst);
    shard* const home = home_.load(std::memory_order_seq_cst);
    if (home == nullptr) {
        visitors_.fetch_sub(1, std::memory_order_release);
        if (left_behind_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
        return;
    }
    slot& back = slots_[number];
    back.where.store(place::home, std::memory_order_relaxed);
    back.next = coming_.load(std::memory_order_relaxed);
    while (!coming_.compare_exchange_weak(back.next, number, std::memory_order_seq_cst,
                                          std::memory_order_relaxed)) {
    }
    call_who_waits(*home);
    visitors_.fetch_sub(1, std::memory_order_release);
}

void buffer_pool::collect() noexcept {
    for (auto at = coming_.exchange(none, std::memory_order_seq_cst); at != none;) {
        const std::uint32_t next = slots_[at].next;
        bring_home(at);
        at = next;
    }
}

// --- those who wait ------------------------------------------------------------------------------

void buffer_pool::wait_for_room(room_wait& waiting) noexcept {
    waiting_.push(waiting);
    // Either a lease that ends sees this, or what it left on the way home is found here.
    somebody_waits_.store(true, std::memory_order_seq_cst);
    collect();
}

bool buffer_pool::stop_waiting(room_wait& waiting) noexcept {
    if (!waiting_.contains(waiting))
        return false;
    waiting_.remove(waiting);
    return true;
}

void buffer_pool::call_who_waits(shard& home) noexcept {
    if (somebody_waits_.load(std::memory_order_seq_cst) &&
        !retry_posted_.exchange(true, std::memory_order_acq_rel))
        home.post(retry_);
}

void buffer_pool::retry_request::run_it(work_item& item) noexcept {
    buffer_pool& pool = static_cast<retry_request&>(item).pool;
    shard& home = *pool.home_.load(std::memory_order_relaxed);
    if (shard::current() != &home) {
        home.leave_to_owner(item);
    } else {
        pool.retry();
    }
}

/// All of them: one that finds nothing to receive takes no buffer, and keeps none from the others.
void buffer_pool::retry() noexcept {
    retry_posted_.store(false, std::memory_order_release);
    somebody_waits_.store(false, std::memory_order_seq_cst);
    collect();
    // Who finds none waits again, behind them.
    for (std::size_t left = waiting_.size(); left != 0; --left)
        waiting_.pop()->room();
}

buffer_ledger buffer_pool::ledger() const noexcept {
    buffer_ledger seen;
    seen.total = options_.count;
    for (unsigned number = 0; number != options_.count; ++number) {
        switch (slots_[number].where.load(std::memory_order_relaxed)) {
        case place::home:
            ++seen.free;
            break;
        case place::kernel:
            ++seen.with_kernel;
            break;
        case place::lease:
            ++seen.leased;
            break;
        }
    }
    return seen;
}

}  // namespace spargio
