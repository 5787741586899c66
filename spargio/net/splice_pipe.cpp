#include "spargio/net/splice_pipe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "spargio/ring/file_offset.hpp"
#include "spargio/ring/ops/poll.hpp"
#include "spargio/ring/ops/splice.hpp"

namespace spargio {
namespace {

constexpr std::int64_t no_offset = splice_operation::no_offset;

/// Never `no_offset`; what is beyond every file is negative.
std::int64_t place_in_file(std::uint64_t offset) noexcept {
    return static_cast<std::int64_t>(file_offset(offset));
}

auto splice(int from, std::int64_t from_offset, int to, std::int64_t to_offset, std::size_t size) {
    return detail::await_operation<splice_operation>(detail::decode_count(), nullptr, from,
                                                     from_offset, to, to_offset, size);
}

auto readiness(int stream, unsigned events) {
    return detail::await_operation<poll_operation>(detail::decode_nothing(), nullptr, stream,
                                                   events);
}

}  // namespace

/// A kernel worker looks the numbers of a splice up when its turn comes. By then a stream may be
/// closed, and its number somebody else's; so it gets one that stays while this does.
class splice_pipe::lent_number {
public:
    lent_number(const splice_pipe& pipe, int stream) noexcept
        : pipe_(pipe), error_(::dup3(stream, pipe.spare_.get(), O_CLOEXEC) < 0 ? errno : 0) {}
    lent_number(const lent_number&) = delete;
    lent_number& operator=(const lent_number&) = delete;
    ~lent_number() {
        if (error_ == 0)
            ::dup3(pipe_.in_.get(), pipe_.spare_.get(), O_CLOEXEC);
    }
    /// EBADF: the stream is closed.
    [[nodiscard]] int error() const noexcept { return error_; }

private:
    const splice_pipe& pipe_;
    int error_;
};

result<splice_pipe> splice_pipe::open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0)
        return failure(errno);
    descriptor out(ends[0]);
    descriptor in(ends[1]);
    descriptor spare(::fcntl(in.get(), F_DUPFD_CLOEXEC, 0));
    if (!spare)
        return failure(errno);
    return splice_pipe(std::move(out), std::move(in), std::move(spare));
}

task<result<std::size_t>> splice_pipe::fill_from(const fs::file& from, std::uint64_t offset,
                                                 std::size_t most) {
    return fill(from.fd(), place_in_file(offset), most);
}
task<result<std::size_t>> splice_pipe::drain_to(fs::file& to, std::uint64_t offset) {
    return drain(to.fd(), place_in_file(offset));
}

// The number is asked for anew after the wait: of a stream that was closed meanwhile it may be
// somebody else's.

task<result<std::size_t>> splice_pipe::fill_from(connected_stream& from, std::size_t most) {
    const auto ready = co_await readiness(from.fd(), POLLIN | POLLRDHUP);
    if (!ready)
        co_return failure(ready.error());
    const lent_number lent(*this, from.fd());
    if (lent.error() != 0)
        co_return failure(lent.error());
    co_return co_await fill(spare_.get(), no_offset, most);
}
task<result<std::size_t>> splice_pipe::drain_to(connected_stream& to) {
    const auto ready = co_await readiness(to.fd(), POLLOUT);
    if (!ready)
        co_return failure(ready.error());
    const lent_number lent(*this, to.fd());
    if (lent.error() != 0)
        co_return failure(lent.error());
    co_return co_await drain(spare_.get(), no_offset);
}

task<result<std::size_t>> splice_pipe::fill(int from, std::int64_t offset, std::size_t most) {
    SPARGIO_ASSERT(held_ == 0);
    const auto count =
        co_await splice(from, offset, in_.get(), no_offset, std::min(most, capacity));
    if (count)
        held_ += *count;
    co_return count;
}

task<result<std::size_t>> splice_pipe::drain(int to, std::int64_t offset) {
    SPARGIO_ASSERT(held_ != 0);
    const auto count = co_await splice(out_.get(), no_offset, to, offset, held_);
    if (count && *count == 0)
        co_return failure(make_error_code(errc::nothing_written));
    if (count)
        held_ -= *count;
    co_return count;
}

}  // namespace spargio
