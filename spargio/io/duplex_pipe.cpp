#include "spargio/io/duplex_pipe.hpp"

namespace spargio {

std::pair<duplex_end, duplex_end> duplex_pipe(std::size_t capacity) {
    auto shared = std::make_shared<duplex_end::state>(capacity);
    return {duplex_end(shared, 0), duplex_end(shared, 1)};
}

duplex_end& duplex_end::operator=(duplex_end&& other) noexcept {
    close();
    state_ = std::move(other.state_);
    side_ = other.side_;
    return *this;
}

void duplex_end::end(shutdown_how how) noexcept {
    if (how != shutdown_how::read)
        state_->lanes[side_].end_writing();
    if (how != shutdown_how::write)
        state_->lanes[1 - side_].end_reading();
}

void duplex_end::close() noexcept {
    if (state_ != nullptr)
        end(shutdown_how::both);
}

}  // namespace spargio
