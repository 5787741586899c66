#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "spargio/core/assert.hpp"

namespace spargio {

class stop_source;

namespace detail {

class linked_stop_source;

/// One registered callback, a node in its source's list. It lives in the object that waits.
class stop_node {
public:
    // Not `function`: a name of this private base is one in every stop_callback.
    using invoker = void (*)(stop_node&) noexcept;

    explicit stop_node(invoker invoke) noexcept : invoke_(invoke) {}
    stop_node(const stop_node&) = delete;
    stop_node& operator=(const stop_node&) = delete;

private:
    friend class spargio::stop_source;

    invoker invoke_;
    stop_source* source_ = nullptr;
    stop_node* next_ = nullptr;
    stop_node** link_ = nullptr;          // what points at this node; null once taken out
    bool* gone_ = nullptr;                // set by a callback that ends its own registration
    std::atomic<bool> finished_ = false;  // the callback has returned
};

}  // namespace detail

/// Sees whether a stop was requested. As cheap to copy as a pointer; valid while its source lives.
/// Thread: any.
class stop_token {
public:
    stop_token() = default;

    [[nodiscard]] bool stop_possible() const noexcept { return source_ != nullptr; }
    [[nodiscard]] bool stop_requested() const noexcept;

    friend bool operator==(const stop_token&, const stop_token&) = default;

private:
    friend class stop_source;
    friend class detail::linked_stop_source;
    template <std::invocable>
    friend class stop_callback;
    explicit stop_token(stop_source* source) noexcept : source_(source) {}

    stop_source* source_ = nullptr;
};

/// A request to stop, in place: no shared state and no allocation, unlike std::stop_source.
/// It must outlive every token and callback made from it (asserted for callbacks).
/// Thread: any; callbacks run on the thread that requests.
class stop_source {
public:
    stop_source() = default;
    stop_source(const stop_source&) = delete;
    stop_source& operator=(const stop_source&) = delete;
    ~stop_source() { SPARGIO_ASSERT(head_ == nullptr); }

    [[nodiscard]] stop_token get_token() noexcept { return stop_token(this); }

    [[nodiscard]] bool stop_requested() const noexcept {
        const stop_source* asked = this;
        do {
            if ((asked->state_.load(std::memory_order_acquire) & requested) != 0)
                return true;
            asked = asked->unheard_.load(std::memory_order_acquire);
        } while (asked != nullptr);
        return false;
    }

    /// Asks once: runs every registered callback, newest first, and returns when all have.
    /// \return whether this call was the first.
    bool request_stop() noexcept;

    /// Registers `node`, or runs it here and now when the stop was already requested.
    /// Internal: use stop_callback.
    void add(detail::stop_node& node) noexcept;

    /// Ends a registration; waits for the callback if another thread is running it just now.
    /// Internal: use stop_callback.
    static void remove(detail::stop_node& node) noexcept;

private:
    friend class detail::linked_stop_source;
    static constexpr std::uint8_t requested = 1;
    static constexpr std::uint8_t locked = 2;

    bool lock_unless_requested() noexcept;
    void lock() noexcept;
    void unlock(std::uint8_t state) noexcept { state_.store(state, std::memory_order_release); }

    std::atomic<std::uint8_t> state_ = 0;
    detail::stop_node* head_ = nullptr;
    // Of a linked_stop_source, as long as it does not listen: whose requests count here too.
    std::atomic<stop_source*> unheard_ = nullptr;
    std::thread::id requester_;
};

inline bool stop_token::stop_requested() const noexcept {
    return source_ != nullptr && source_->stop_requested();
}

/// Calls `Function` when the token's source is asked to stop, at the latest before
/// request_stop() returns; at once if it already was. Its destructor returns only when the
/// function is not running on another thread. The function must not throw.
template <std::invocable Function>
class [[nodiscard]] stop_callback : detail::stop_node {
public:
    stop_callback(stop_token token, Function function) noexcept
        : stop_node([](stop_node& node) noexcept {
              std::invoke(static_cast<stop_callback&>(node).function_);
          }),
          function_(std::move(function)) {
        if (token.source_ != nullptr)
            token.source_->add(*this);
    }
    ~stop_callback() { stop_source::remove(*this); }

private:
    Function function_;
};

template <class Function>
stop_callback(stop_token, Function) -> stop_callback<Function>;

namespace detail {

/// A source that stops with another one, too. It registers there only when somebody does here: what
/// ends without having waited for anything costs its parent nothing.
/// Thread: link() before and unlink() after all use of it; the rest as in its base.
class linked_stop_source : public stop_source {
public:
    /// From here on a stop of `parent` is one of this.
    void link(stop_token parent) noexcept {
        parent_ = parent.source_;
        unheard_.store(parent_, std::memory_order_relaxed);
    }
    /// \pre no callback is registered any more
    void unlink() noexcept { registered_.reset(); }

    /// Asks this one. \return whether this call came before any other, and before the parent's.
    bool request_stop_first() noexcept {
        const bool asked = stop_requested();
        return request_stop() && !asked;
    }

private:
    friend class spargio::stop_source;
    struct pass_on {
        linked_stop_source* self;
        void operator()() const noexcept { self->request_stop(); }
    };

    void listen_to_parent() noexcept;
    [[nodiscard]] bool begin_to_listen() noexcept;

    stop_source* parent_;
    std::atomic<bool> begun_ = false;  // to listen; done when the parent is not unheard any more
    linked_stop_source* below_;        // meanwhile: the one to listen next
    std::optional<stop_callback<pass_on>> registered_;
};

}  // namespace detail

/// Lets a std::stop_token stop spargio's work: a source that is asked when that one is.
/// It must outlive what uses token().
class stop_adapter {
public:
    explicit stop_adapter(std::stop_token token) : callback_(std::move(token), forward{this}) {}

    [[nodiscard]] stop_token token() noexcept { return source_.get_token(); }

private:
    struct forward {
        stop_adapter* self;
        void operator()() const noexcept { self->source_.request_stop(); }
    };

    stop_source source_;
    std::stop_callback<forward> callback_;
};

}  // namespace spargio
