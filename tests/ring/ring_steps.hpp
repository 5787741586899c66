#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "spargio/ring/ring.hpp"

namespace spargio::ring_test {

/// Counts how often it was queued.
struct counted_waiter : detail::work_item {
    counted_waiter()
        : work_item([](work_item& self) noexcept { ++static_cast<counted_waiter&>(self).times; }) {}
    unsigned times = 0;
};

/// An operation with its waiter.
template <class Operation>
struct awaited {
    template <class... Arguments>
    explicit awaited(Arguments&&... arguments) : op(std::forward<Arguments>(arguments)...) {
        op.waiter = &waiter;
    }
    [[nodiscard]] bool done() const { return op.current_state() == operation::state::done; }

    Operation op;
    counted_waiter waiter;
};

/// Queues short enough to fill.
inline ring_options short_queues() {
    return {.entries = 16, .cq_entries = 64, .most_in_flight = 64};
}

/// A ring, and the loop around it that a shard would be.
class stepped_ring {
public:
    explicit stepped_ring(kernel& entry, const ring_options& options = short_queues()) {
        auto opened = ring::open(entry, options);
        if (opened) {
            ring_ = std::move(*opened);
        } else {
            error_ = opened.error();
        }
    }
    ~stepped_ring() {
        if (ring_ != nullptr) {
            EXPECT_EQ(ring_->in_flight(), 0u);
        }
    }

    [[nodiscard]] bool opened() const { return ring_ != nullptr; }
    [[nodiscard]] std::error_code error() const { return error_; }
    ring& operator*() const { return *ring_; }
    ring* operator->() const { return ring_.get(); }

    /// Runs the waiters of everything that has ended. \return how many.
    unsigned run_ready() {
        ring_->reap(ready_);
        unsigned count = 0;
        for (; !ring_->ended_early().empty(); ++count)
            run(ring_->ended_early().pop());
        for (; !ready_.empty(); ++count)
            run(ready_.pop());
        return count;
    }
    /// One turn that does not wait.
    unsigned turn() {
        ring_->flush();
        return run_ready();
    }
    /// One turn that does.
    unsigned wait(std::uint64_t timeout_ns = kernel::no_timeout) {
        ring_->wait(timeout_ns);
        return run_ready();
    }
    template <class Condition>
    void wait_until(Condition&& condition) {
        while (!condition())
            wait();
    }
    template <class Operation>
    int finish(awaited<Operation>& what) {
        wait_until([&] { return what.done(); });
        EXPECT_EQ(what.waiter.times, 1u);
        return what.op.outcome();
    }
    template <class Operation>
    int run(awaited<Operation>& what) {
        ring_->submit(what.op);
        return finish(what);
    }

private:
    static void run(detail::work_item& item) { item.run(item); }

    std::unique_ptr<ring> ring_;
    std::error_code error_;
    detail::work_list ready_;
};

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

inline std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace spargio::ring_test
