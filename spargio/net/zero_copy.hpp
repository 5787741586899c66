#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <ranges>
#include <span>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio {

namespace detail {

/// Bytes that are read after who sends them has gone on: the kernel's, until it says otherwise.
/// Thread: any; the last to let go frees them.
class lent_bytes {
public:
    lent_bytes(const lent_bytes&) = delete;
    lent_bytes& operator=(const lent_bytes&) = delete;
    virtual ~lent_bytes() = default;

    void keep() noexcept { holds_.fetch_add(1, std::memory_order_relaxed); }
    void let_go() noexcept {
        if (holds_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }
    [[nodiscard]] virtual std::span<const std::byte> bytes() const noexcept = 0;

protected:
    lent_bytes() = default;

private:
    std::atomic<unsigned> holds_ = 1;
};

/// A hold on lent bytes.
class lent_hold {
public:
    /// Takes over the one they are made with.
    explicit lent_hold(lent_bytes* lent) noexcept : lent_(lent) {}
    lent_hold(lent_hold&& other) noexcept : lent_(std::exchange(other.lent_, nullptr)) {}
    lent_hold& operator=(lent_hold&&) = delete;
    ~lent_hold() {
        if (lent_ != nullptr)
            lent_->let_go();
    }
    [[nodiscard]] lent_bytes& operator*() const noexcept { return *lent_; }

private:
    lent_bytes* lent_;
};

template <class Buffer>
class lent_buffer final : public lent_bytes {
public:
    explicit lent_buffer(Buffer buffer) : buffer_(std::move(buffer)) {}
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept override {
        return std::as_bytes(std::span(std::ranges::data(buffer_), std::ranges::size(buffer_)));
    }

private:
    Buffer buffer_;
};

/// What one socket has lent to the kernel, and whether that pays.
struct lending {
    std::atomic<unsigned> out = 0;      // sends whose notification is to come
    std::atomic<bool> in_vain = false;  // the kernel copies all the same, or refuses
    std::atomic<bool> closed = false;   // its number may be another socket's
};

class lent_send;

/// Waits for the result of a zero-copy send, which is over before its notification is.
class [[nodiscard]] lent_send_awaiter final : stoppable_wait {
public:
    /// Sends from `bytes`, a part of `lent`.
    lent_send_awaiter(int descriptor, lent_bytes& lent, std::span<const std::byte> bytes,
                      std::shared_ptr<lending> history) noexcept;
    lent_send_awaiter(const lent_send_awaiter&) = delete;
    lent_send_awaiter& operator=(const lent_send_awaiter&) = delete;
    ~lent_send_awaiter();

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) {
        return start(waiter.promise());
    }
    [[nodiscard]] result<std::size_t> await_resume() const noexcept;

private:
    [[nodiscard]] bool start(promise_base& waiter);
    bool on_stop() noexcept override;

    const int descriptor_;
    lent_bytes& lent_;
    const std::span<const std::byte> bytes_;
    std::shared_ptr<lending> history_;
    lent_send* sending_ = nullptr;
};

}  // namespace detail

/// Bytes a socket can own until the kernel is through with them: a vector, a string, an array.
template <class Buffer>
concept owned_bytes = std::ranges::contiguous_range<Buffer> && std::ranges::sized_range<Buffer> &&
                      std::movable<Buffer> && !std::ranges::view<Buffer> &&
                      std::is_trivially_copyable_v<std::ranges::range_value_t<Buffer>>;

/// One socket's zero-copy sends. A send out of the program's memory costs a notification and the
/// pinning of pages, so that it pays from some size on, and never where the kernel copies after all
/// (over the loopback it does): the first notification that says so ends it for this socket.
/// Thread: that of the task that writes to the socket.
/// Limit: `most_out` sends whose notification is to come; past it bytes are copied.
class zero_copy_sender {
public:
    static constexpr unsigned most_out = 64;
    /// Bytes from which on a send pays; docs/design/buffers.md has the figures.
    static constexpr std::size_t least_bytes = 65'536;

    zero_copy_sender() = default;
    zero_copy_sender(zero_copy_sender&&) noexcept = default;
    zero_copy_sender& operator=(zero_copy_sender&& other) noexcept {
        close();
        history_ = std::move(other.history_);
        return *this;
    }
    ~zero_copy_sender() { close(); }

    /// Sends all of `owned` through `descriptor`, and yields when that is done; the memory is kept
    /// until the kernel is through with it, which nobody waits for. Errors: as write_all(); after
    /// one, some of it may have been sent. Source: send(2), IORING_OP_SEND_ZC.
    template <owned_bytes Buffer>
    [[nodiscard]] task<result<void>> write_all(int descriptor, Buffer owned) {
        return send(descriptor,
                    detail::lent_hold(new detail::lent_buffer<Buffer>(std::move(owned))),
                    history());
    }
    /// The socket is about to be closed: what is under way sends no more.
    void close() noexcept {
        if (history_ != nullptr)
            history_->closed = true;
    }
    /// Sends whose notification is to come.
    [[nodiscard]] unsigned out() const noexcept {
        return history_ == nullptr ? 0u : history_->out.load();
    }
    /// It was found not to pay.
    [[nodiscard]] bool in_vain() const noexcept { return history_ != nullptr && history_->in_vain; }

private:
    [[nodiscard]] const std::shared_ptr<detail::lending>& history();
    static task<result<void>> send(int descriptor, detail::lent_hold lent,
                                   std::shared_ptr<detail::lending> history);

    std::shared_ptr<detail::lending> history_;
};

}  // namespace spargio
