#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "spargio/core/counter.hpp"
#include "spargio/core/linked_line.hpp"
#include "spargio/core/result.hpp"
#include "spargio/core/work_item.hpp"
#include "spargio/ring/buffer_ring.hpp"
#include "spargio/ring/feature.hpp"
#include "spargio/shard/buffer_lease.hpp"
#include "spargio/shard/buffer_options.hpp"

namespace spargio {

class shard;

/// Where a pool's buffers are: each is in one of these places.
struct buffer_ledger {
    unsigned total = 0;
    unsigned with_kernel = 0;  ///< it may receive into them
    unsigned free = 0;         ///< at home, or on their way there
    unsigned leased = 0;       ///< with leases, taken by a program or not yet
};

/// One shard's buffers, in memory allocated once.
///
/// Three quarters are the kernel's to choose from, for multishot receives. The rest is kept back
/// for streams whose reader waits while those have run out, so that who reads gets on however many
/// do not. Without provided buffers all are kept back.
///
///            add                  take                   release
///   home ----------> the kernel ----------> a lease ---------------> home, or on the way there
///     \------------- take_kept_back ---------^
///
/// Thread: as each group of members says. A lease that ends elsewhere leaves its buffer in a list
/// that the owner collects; only the owner adds to the kernel's queue.
/// Limit: `count` buffers; past it streams wait until leases end. It outlives its shard until the
/// last lease ended.
class buffer_pool {
public:
    /// One who waits for a buffer to come home.
    class room_wait {
    public:
        /// There may be room now. Thread: the owner, in its service.
        virtual void room() noexcept = 0;

        // the pool's: its place in the line
        room_wait* next = nullptr;
        room_wait* prev = nullptr;

    protected:
        ~room_wait() = default;
    };

    /// Errors: ENOMEM.
    [[nodiscard]] static result<buffer_pool*> open(shard& home, const buffer_options& options,
                                                   feature_set features, unsigned group = 0);
    buffer_pool(const buffer_pool&) = delete;
    buffer_pool& operator=(const buffer_pool&) = delete;

    // --- the owner -------------------------------------------------------------------------------

    /// The ring is closed. Frees the pool, or leaves that to the last lease.
    void close() noexcept;
    /// What streams may use of the kernel: taken away when the kernel refuses it.
    [[nodiscard]] feature_set features() const noexcept { return features_; }
    void do_without(feature which) noexcept { features_.remove(which); }
    /// The kernel has buffers to choose from.
    [[nodiscard]] bool kernel_has_some() const noexcept { return given_.get() != taken_.get(); }
    [[nodiscard]] unsigned group() const noexcept { return group_; }
    /// The pool whose buffers are each for one arrival, as a datagram has to be whole: this one, or
    /// a second, made when it is first asked for. Errors: ENOMEM.
    [[nodiscard]] result<buffer_pool*> whole_buffers();
    [[nodiscard]] buffer_pool* whole_buffers_in_use() const noexcept { return whole_; }
    [[nodiscard]] bool has_kept_back() const noexcept { return kept_back_ != none; }
    /// A buffer that is kept back, whole, with one hold on it.
    [[nodiscard]] std::optional<unsigned> take_kept_back() noexcept;
    /// Joins those who wait; what came home meanwhile is there afterwards.
    void wait_for_room(room_wait& waiting) noexcept;
    /// \return whether it stood in the line.
    bool stop_waiting(room_wait& waiting) noexcept;
    /// Buffers lie on their way home.
    [[nodiscard]] bool arrivals() const noexcept {
        return coming_.load(std::memory_order_relaxed) != none;
    }
    /// Takes them in.
    void collect() noexcept;

    // --- the holder of the service claim ---------------------------------------------------------

    /// What the kernel says it has put `size` bytes into, from buffer `number` on; `goes_on`: it
    /// may put more behind them. \return them. The hold on it is the caller's.
    [[nodiscard]] std::span<std::byte> take(unsigned number, std::size_t size,
                                            bool goes_on) noexcept;
    /// Bytes of a buffer an arrival names that the kernel had not filled before. Asked before
    /// take().
    [[nodiscard]] std::size_t room_in(unsigned number) const noexcept {
        ring_->taken();
        return options_.size - slots_[number].used;
    }
    [[nodiscard]] unsigned after(unsigned number) const noexcept { return ring_->after(number); }

    // --- any thread ------------------------------------------------------------------------------

    [[nodiscard]] std::span<std::byte> memory_of(unsigned number) const noexcept {
        return {memory_.get() + std::size_t{number} * options_.size, options_.size};
    }
    /// Ends one hold on a buffer.
    void release(unsigned number) noexcept;
    [[nodiscard]] unsigned buffer_size() const noexcept { return options_.size; }
    /// A snapshot, exact while nothing moves.
    [[nodiscard]] buffer_ledger ledger() const noexcept;

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    enum class place : std::uint8_t { home, kernel, lease };
    struct slot {
        std::atomic<std::uint32_t> holds = 0;  // of leases, and of the kernel
        std::uint32_t next = none;             // at home, or on the way there
        std::uint32_t used = 0;                // bytes the kernel has put into it
        std::atomic<place> where = place::home;
    };
    /// Asks those who wait to try again.
    struct retry_request : detail::work_item {
        explicit retry_request(buffer_pool& owner) noexcept : work_item(&run_it), pool(owner) {
            kind = detail::work_kind::request;
        }
        static void run_it(work_item& item) noexcept;
        buffer_pool& pool;
    };

    struct unmap {
        std::size_t bytes;
        void operator()(std::byte* memory) const noexcept;
    };
    using mapping = std::unique_ptr<std::byte, unmap>;

    buffer_pool(shard& home, const buffer_options& options, mapping memory, unsigned group);
    ~buffer_pool() = default;
    void offer_to_kernel(feature_set features);
    void come_home(unsigned number) noexcept;
    void bring_home(unsigned number) noexcept;
    void send_home(unsigned number) noexcept;
    void retry() noexcept;
    void call_who_waits(shard& home) noexcept;

    const buffer_options options_;
    const mapping memory_;
    const unsigned group_;
    feature_set features_;
    buffer_pool* whole_ = nullptr;
    std::unique_ptr<buffer_ring> ring_;
    std::unique_ptr<slot[]> slots_;
    unsigned first_kept_back_ = 0;  // lower numbers are the kernel's to choose from
    std::uint32_t kept_back_ = none;
    detail::linked_line<room_wait> waiting_;
    retry_request retry_;

    detail::counter<unsigned> given_;  // to the kernel; by the owner
    detail::counter<unsigned> taken_;  // from it; by the claim's holder

    std::atomic<shard*> home_;                              // null once it is closed
    alignas(64) std::atomic<std::uint32_t> coming_ = none;  // on their way home
    std::atomic<bool> somebody_waits_ = false;
    std::atomic<bool> retry_posted_ = false;
    std::atomic<int> visitors_ = 0;     // who have seen a home and are not gone
    std::atomic<int> left_behind_ = 0;  // buffers with leases when the pool was closed
};

}  // namespace spargio
