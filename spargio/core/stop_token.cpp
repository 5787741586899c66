#include "spargio/core/stop_token.hpp"

#include "spargio/core/pause.hpp"

namespace spargio {

using detail::stop_node;

// The lock guards a few pointer writes; nothing is called while it is held.
void stop_source::lock() noexcept {
    for (detail::backoff between_looks;; between_looks.wait()) {
        std::uint8_t seen = state_.load(std::memory_order_relaxed);
        if ((seen & locked) == 0 &&
            state_.compare_exchange_weak(seen, static_cast<std::uint8_t>(seen | locked),
                                         std::memory_order_acquire, std::memory_order_relaxed))
            return;
    }
}

bool stop_source::lock_unless_requested() noexcept {
    lock();
    const std::uint8_t state = state_.load(std::memory_order_relaxed) & requested;
    if (state == 0)
        return true;
    unlock(state);
    return false;
}

bool stop_source::request_stop() noexcept {
    if (!lock_unless_requested())
        return false;
    requester_ = std::this_thread::get_id();
    while (head_ != nullptr) {
        stop_node& node = *head_;
        head_ = node.next_;
        if (head_ != nullptr)
            head_->link_ = &head_;
        node.next_ = nullptr;
        node.link_ = nullptr;
        bool gone = false;
        node.gone_ = &gone;
        unlock(requested);
        node.invoke_(node);
        if (!gone) {
            node.gone_ = nullptr;
            // From here on the thread that waits in remove() may end the node's life.
            node.finished_.store(true, std::memory_order_release);
        }
        lock();
    }
    unlock(requested);
    return true;
}

void stop_source::add(stop_node& node) noexcept {
    SPARGIO_ASSERT(node.source_ == nullptr);
    if (unheard_.load(std::memory_order_acquire) != nullptr)
        static_cast<detail::linked_stop_source*>(this)->listen_to_parent();
    if (!lock_unless_requested()) {
        node.invoke_(node);
        return;
    }
    node.source_ = this;
    node.next_ = head_;
    node.link_ = &head_;
    if (head_ != nullptr)
        head_->link_ = &node.next_;
    head_ = &node;
    unlock(0);
}

void stop_source::remove(stop_node& node) noexcept {
    stop_source* source = std::exchange(node.source_, nullptr);
    if (source == nullptr)
        return;
    source->lock();
    const std::uint8_t state = source->state_.load(std::memory_order_relaxed) & requested;
    if (node.link_ != nullptr) {
        *node.link_ = node.next_;
        if (node.next_ != nullptr)
            node.next_->link_ = node.link_;
        node.next_ = nullptr;
        node.link_ = nullptr;
        source->unlock(state);
        return;
    }
    const bool own_callback = source->requester_ == std::this_thread::get_id();
    source->unlock(state);
    if (own_callback) {
        // Inside the callback: tell request_stop() that the node is gone. After it: nothing to do.
        if (node.gone_ != nullptr)
            *node.gone_ = true;
        return;
    }
    for (detail::backoff between_looks; !node.finished_.load(std::memory_order_acquire);)
        between_looks.wait();
}

/// Of several threads the first one does it, and the others wait: a request of the parent's runs
/// what was registered here before. Groups nest deeply: first up the chain, then down, in a loop.
void detail::linked_stop_source::listen_to_parent() noexcept {
    linked_stop_source* top = nullptr;
    for (linked_stop_source* each = this; each->begin_to_listen();
         each = static_cast<linked_stop_source*>(each->parent_)) {
        each->below_ = std::exchange(top, each);
        if (each->parent_->unheard_.load(std::memory_order_acquire) == nullptr)
            break;
    }
    while (top != nullptr) {
        linked_stop_source& next = *std::exchange(top, top->below_);
        // If its parent was asked this asks here, where nobody is registered yet.
        next.registered_.emplace(stop_token(next.parent_), pass_on{&next});
        next.unheard_.store(nullptr, std::memory_order_release);
    }
}

/// \return false when it listens already; waits for another thread that has begun.
bool detail::linked_stop_source::begin_to_listen() noexcept {
    if (!begun_.exchange(true, std::memory_order_relaxed))
        return true;
    for (backoff between_looks; unheard_.load(std::memory_order_acquire) != nullptr;)
        between_looks.wait();
    return false;
}

}  // namespace spargio
