#pragma once

#include <utility>

#include "spargio/sync/permits.hpp"

namespace spargio {

/// Permits of a semaphore, given back when this ends. Thread: any. It ends before the semaphore.
class [[nodiscard]] semaphore_permit {
public:
    semaphore_permit() = default;
    semaphore_permit(semaphore_permit&& other) noexcept
        : from_(std::exchange(other.from_, nullptr)), count_(other.count_) {}
    semaphore_permit& operator=(semaphore_permit&& other) noexcept {
        release();
        from_ = std::exchange(other.from_, nullptr);
        count_ = other.count_;
        return *this;
    }
    ~semaphore_permit() { release(); }

    [[nodiscard]] explicit operator bool() const noexcept { return from_ != nullptr; }
    /// Gives the permits back now.
    void release() noexcept {
        if (auto* from = std::exchange(from_, nullptr))
            from->give_back(count_);
    }
    /// Keeps them taken; semaphore::release() makes up for it, maybe elsewhere.
    void forget() noexcept { from_ = nullptr; }

private:
    friend class semaphore;
    semaphore_permit(detail::permits& from, std::uint64_t count) noexcept
        : from_(&from), count_(count) {}

    detail::permits* from_ = nullptr;
    std::uint64_t count_ = 0;
};

/// A number of permits. Those who wait get theirs in the order in which they came, also behind one
/// who needs many.
///
///     auto permit = co_await slots.acquire();
///     if (!permit)
///         co_return std::unexpected(permit.error());
///
/// Thread: any; acquire() on a shard. It outlives every await and every permit.
/// Limit: 2^62 permits. One compare-and-swap each way while nobody waits; no allocation.
class semaphore {
    struct make_permit {
        detail::permits* from;
        std::uint64_t count;
        semaphore_permit operator()() const noexcept { return {*from, count}; }
    };

public:
    explicit semaphore(std::uint64_t count) noexcept : permits_(count) {}

    /// Yields `count` permits at once. Error: std::errc::operation_canceled; then none were taken.
    [[nodiscard]] auto acquire(std::uint64_t count = 1) noexcept {
        return detail::line_operation(
            detail::permit_operation(permits_, count, make_permit{&permits_, count}));
    }
    /// An empty one when there are not enough, or somebody waits.
    [[nodiscard]] semaphore_permit try_acquire(std::uint64_t count = 1) noexcept {
        return permits_.try_take(count) ? semaphore_permit(permits_, count) : semaphore_permit();
    }
    /// Adds permits, which need not have been acquired.
    void release(std::uint64_t count = 1) noexcept { permits_.give_back(count); }
    /// As far as can be seen from here.
    [[nodiscard]] std::uint64_t available() const noexcept { return permits_.left(); }

private:
    detail::permits permits_;
};

}  // namespace spargio
