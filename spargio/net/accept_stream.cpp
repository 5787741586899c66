#include "spargio/net/accept_stream.hpp"

#include <cerrno>

#include "spargio/net/detail/accept_source.hpp"

namespace spargio {

namespace detail {

connection_wait::connection_wait(accept_source& source) noexcept
    : multishot_wait(source), source_(source) {}

result<descriptor> connection_wait::take() const noexcept {
    if (refusal() != 0)
        return failure(refusal());
    return source_.take();
}

}  // namespace detail

accept_stream::accept_stream(int listener)
    : source_(new detail::accept_source(*shard::current(), listener)) {}

accept_stream::~accept_stream() {
    if (source_ != nullptr)
        source_->abandon();
}

void accept_stream::request_end() noexcept {
    source_->request_end();
}

}  // namespace spargio
