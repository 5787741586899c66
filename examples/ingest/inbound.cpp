#include "inbound.hpp"

#include <algorithm>

#include "spargio/time/timeout.hpp"

namespace ingest {

using spargio::result;
using spargio::task;

auto inbound::peek(std::size_t wanted) -> task<result<std::span<const std::byte>>> {
    if (begin_ + wanted > buffer_.size()) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= begin_;
        begin_ = 0;
    }
    while (end_ - begin_ < wanted) {
        // As much as fits, not only what is wanted: a small file comes with its header.
        auto rest = std::span(buffer_).subspan(end_);
        auto received = co_await spargio::timeout(idle_timeout_, read_more(rest));
        if (!received) {
            co_return std::unexpected(received.error());
        }
        if (*received == 0) {
            break;
        }
        end_ += *received;
    }
    co_return std::span(buffer_).subspan(begin_, std::min(wanted, end_ - begin_));
}

auto inbound::discard(std::size_t limit) -> task<result<void>> {
    begin_ = end_ = 0;
    for (std::size_t discarded = 0; discarded < limit;) {
        auto received = co_await read_more(buffer_);
        if (!received) {
            co_return std::unexpected(received.error());
        }
        if (*received == 0) {
            break;
        }
        discarded += *received;
    }
    co_return result<void>{};
}

auto inbound::read_more(std::span<std::byte> into) -> task<result<std::size_t>> {
    co_return co_await stream_.read_some(into);
}

}  // namespace ingest
