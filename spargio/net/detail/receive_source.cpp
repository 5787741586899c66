#include <algorithm>
#include <cerrno>

#include "spargio/net/detail/receive_source.hpp"

namespace spargio::detail {

using way = receive_many_operation::way;

// --- the reader ----------------------------------------------------------------------------------

result<buffer_lease> receive_source::take() noexcept {
    const guard held(*this);
    if (!kept_.empty())
        return kept_.pop();
    if (const int error = take_error(); error != 0)
        return failure(error);
    SPARGIO_ASSERT(finished());
    return buffer_lease();
}

result<std::size_t> receive_source::take(std::span<buffer_lease> into) noexcept {
    const guard held(*this);
    std::size_t count = 0;
    for (; count != into.size() && !kept_.empty(); ++count)
        into[count] = kept_.pop();
    if (count != 0)
        return count;
    if (const int error = take_error(); error != 0)
        return failure(error);
    SPARGIO_ASSERT(finished());
    return 0;
}

void receive_source::drop_kept() noexcept {
    while (!kept_.empty())
        (void)kept_.pop();
}

// --- arrivals ------------------------------------------------------------------------------------

void receive_source::keep(const arrival& what) noexcept {
    if (what.buffer != arrival::no_buffer)
        keep_filled(what);
    if (what.outcome < 0)
        return keep_error(what.outcome);
    switch (operation_.current_way()) {
    case way::many:
    case way::bundles:
        if (what.outcome == 0)
            finish();
        break;
    case way::poll:
        readable_ = true;
        break;
    case way::once:
        readable_ = false;
        chosen_.truncate(filled_once(chosen_.bytes(), static_cast<std::size_t>(what.outcome)));
        if (chosen_.empty()) {
            finish();
        } else {
            keep_lease(std::move(chosen_));
        }
        chosen_.reset();
        break;
    }
}

/// All buffers of a bundle but the last are full. One that was chosen for nothing goes home.
void receive_source::keep_filled(const arrival& what) noexcept {
    auto left = static_cast<std::size_t>(std::max(what.outcome, 0));
    for (unsigned number = what.buffer;; number = pool_.after(number)) {
        const std::size_t size = std::min(left, pool_.room_in(number));
        left -= size;
        buffer_lease lease(pool_, number,
                           pool_.take(number, size, left == 0 && what.buffer_goes_on));
        if (size != 0)
            keep_lease(std::move(lease));
        if (left == 0)
            return;
    }
}

/// Without memory for it a datagram is lost, which the reader is told; after bytes that are lost no
/// others may follow.
void receive_source::keep_lease(buffer_lease lease) noexcept {
    if (finished() || kept_.push(std::move(lease)))
        return;
    fail(ENOMEM);
    if (!whole_)
        finish();
}

void receive_source::keep_error(int outcome) noexcept {
    const bool many =
        operation_.current_way() == way::many || operation_.current_way() == way::bundles;
    readable_ = false;
    chosen_.reset();
    if (many && outcome == -ENOBUFS) {
        tight_ = true;
    } else if (many && outcome == -EINVAL) {
        refused_ = true;
    } else if (outcome != -ECANCELED && outcome != -EINTR && outcome != -EAGAIN) {
        fail(-outcome);
    }
}

// --- the home's owner ----------------------------------------------------------------------------

bool receive_source::kernel_chooses() const noexcept {
    return !refused_ && pool_.features().has(feature::multishot_receive) && pool_.kernel_has_some();
}

multishot_operation* receive_source::next_operation() noexcept {
    for (;;) {
        if (!tight_ && kernel_chooses()) {
            operation_.set_many(pool_.group(),
                                !whole_ && pool_.features().has(feature::bundled_receive));
            return &operation_;
        }
        if (!readable_) {
            operation_.set_poll();
            return &operation_;
        }
        if (const auto number = pool_.take_kept_back()) {
            tight_ = false;
            chosen_ = buffer_lease(pool_, *number, pool_.memory_of(*number));
            operation_.set_once(chosen_.bytes());
            return &operation_;
        }
        pool_.wait_for_room(*this);
        if (!kernel_chooses() && !pool_.has_kept_back())
            return nullptr;
        pool_.stop_waiting(*this);
        tight_ = false;
    }
}

void receive_source::room() noexcept {
    tight_ = false;
    resume_arming();
}

}  // namespace spargio::detail
