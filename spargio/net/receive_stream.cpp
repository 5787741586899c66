#include "spargio/net/receive_stream.hpp"

#include <cerrno>

#include "spargio/net/detail/receive_source.hpp"

namespace spargio {

namespace detail {

lease_awaiter::lease_awaiter(receive_source& source) noexcept
    : multishot_wait(source), source_(source) {}

result<buffer_lease> lease_awaiter::await_resume() const noexcept {
    if (refusal() != 0)
        return failure(refusal());
    return source_.take();
}

segments_awaiter::segments_awaiter(receive_source& source, std::span<buffer_lease> into) noexcept
    : multishot_wait(source), source_(source), into_(into) {
    SPARGIO_ASSERT(!into.empty());
}

result<std::size_t> segments_awaiter::await_resume() const noexcept {
    if (refusal() != 0)
        return failure(refusal());
    return source_.take(into_);
}

}  // namespace detail

result<receive_stream> receive_stream::open(int descriptor) {
    shard* const here = shard::current();
    SPARGIO_ASSERT(here != nullptr);
    const auto pool = here->buffers();
    if (!pool)
        return failure(pool.error());
    return receive_stream(new detail::stream_source(*here, **pool, descriptor));
}

receive_stream::~receive_stream() {
    if (source_ != nullptr)
        source_->abandon();
}

void receive_stream::request_end() noexcept {
    source_->request_end();
}

}  // namespace spargio
