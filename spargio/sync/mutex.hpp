#pragma once

#include <utility>

#include "spargio/sync/permits.hpp"

namespace spargio {

namespace detail {
/// Holds a lock and unlocks when it ends.
template <class Lock, bool shared = false>
class [[nodiscard]] lock_guard {
public:
    lock_guard() = default;
    explicit lock_guard(Lock& held) noexcept : held_(&held) {}
    lock_guard(lock_guard&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    lock_guard& operator=(lock_guard&& other) noexcept {
        unlock();
        held_ = std::exchange(other.held_, nullptr);
        return *this;
    }
    ~lock_guard() { unlock(); }

    /// Whether it holds the lock.
    [[nodiscard]] explicit operator bool() const noexcept { return held_ != nullptr; }
    /// Unlocks now.
    void unlock() noexcept {
        Lock* const held = std::exchange(held_, nullptr);
        if (held == nullptr)
            return;
        if constexpr (shared) {
            held->unlock_shared();
        } else {
            held->unlock();
        }
    }

private:
    Lock* held_ = nullptr;
};

template <class Guard, class Lock>
struct make_guard {
    Lock* locked;
    Guard operator()() const noexcept { return Guard(*locked); }
};
}  // namespace detail

/// One task at a time. The lock is handed to those who wait in the order in which they came; it may
/// be held across awaits, and unlocked by any thread.
///
///     auto guard = co_await accounts_lock.lock();
///     if (!guard)
///         co_return std::unexpected(guard.error());
///
/// Thread: any; lock() on a shard. It outlives every await and every guard.
/// One compare-and-swap each way while nobody waits; no allocation. Not recursive: who locks it
/// twice waits for ever.
class mutex {
public:
    using guard = detail::lock_guard<mutex>;

    mutex() noexcept : free_(1) {}

    /// Yields a guard. Error: std::errc::operation_canceled; then it is not locked.
    [[nodiscard]] auto lock() noexcept {
        return detail::line_operation(
            detail::permit_operation(free_, 1, detail::make_guard<guard, mutex>{this}));
    }
    /// An empty guard when it is locked, or somebody waits.
    [[nodiscard]] guard try_lock() noexcept { return free_.try_take(1) ? guard(*this) : guard(); }
    /// What a guard does; for a lock whose guard is not at hand. \pre locked
    void unlock() noexcept { free_.give_back(1); }

private:
    detail::permits free_;
};

/// Many readers or one writer, in the order in which they came: a reader behind a writer who waits
/// waits too, so neither starves.
///
///     auto reading = co_await table_lock.lock_shared();
///     auto writing = co_await table_lock.lock();
///
/// Thread: any; lock() and lock_shared() on a shard. It outlives every await and every guard.
/// Limit: 2^30 readers at a time, the next waits. One compare-and-swap each way while nobody waits;
/// no allocation. A reader who locks again may wait for a writer who waits for him.
class shared_mutex {
public:
    using guard = detail::lock_guard<shared_mutex>;
    using shared_guard = detail::lock_guard<shared_mutex, true>;

    shared_mutex() noexcept : free_(all) {}

    /// Yields a guard for the only one. Error: std::errc::operation_canceled; then it is not
    /// locked.
    [[nodiscard]] auto lock() noexcept {
        return detail::line_operation(
            detail::permit_operation(free_, all, detail::make_guard<guard, shared_mutex>{this}));
    }
    /// Yields a guard for one of many. Error: as lock().
    [[nodiscard]] auto lock_shared() noexcept {
        return detail::line_operation(detail::permit_operation(
            free_, 1, detail::make_guard<shared_guard, shared_mutex>{this}));
    }
    /// Empty guards when somebody else holds it, or waits.
    [[nodiscard]] guard try_lock() noexcept { return free_.try_take(all) ? guard(*this) : guard(); }
    [[nodiscard]] shared_guard try_lock_shared() noexcept {
        return free_.try_take(1) ? shared_guard(*this) : shared_guard();
    }
    /// What the guards do. \pre locked in that way
    void unlock() noexcept { free_.give_back(all); }
    void unlock_shared() noexcept { free_.give_back(1); }

private:
    static constexpr std::uint64_t all = std::uint64_t{1} << 30;

    detail::permits free_;
};

}  // namespace spargio
