#include "spargio/io/pipe_lane.hpp"

#include <algorithm>
#include <cerrno>

namespace spargio::detail {

bool pipe_lane::begin(lane_wait& wait) noexcept {
    served done;
    {
        const std::lock_guard lock(mutex_);
        lane_wait*& place = wait.reads_ ? reader_ : writer_;
        SPARGIO_ASSERT(place == nullptr && "one at a time reads, one writes");
        place = &wait;
        done = serve();
    }
    lane_wait*& own = wait.reads_ ? done.reader : done.writer;
    const bool over = std::exchange(own, nullptr) != nullptr;
    tell(done);
    return over;
}

/// After the lock: a wait that was taken out is not over before it is told.
void pipe_lane::tell(const served& done) noexcept {
    for (lane_wait* each : {done.reader, done.writer}) {
        if (each != nullptr)
            each->home().post(*each);
    }
}

bool pipe_lane::leave(const lane_wait& wait) noexcept {
    const std::lock_guard lock(mutex_);
    lane_wait*& place = wait.reads_ ? reader_ : writer_;
    if (place != &wait)
        return false;
    place = nullptr;
    return true;
}

void pipe_lane::end_writing() noexcept {
    served done;
    {
        const std::lock_guard lock(mutex_);
        writing_ended_ = true;
        done = serve();
    }
    tell(done);
}

void pipe_lane::end_reading() noexcept {
    served done;
    {
        const std::lock_guard lock(mutex_);
        reading_ended_ = true;
        size_ = 0;
        done = serve();
    }
    tell(done);
}

/// Ends the waits that can end, and takes them out: what a reader takes makes room for a writer,
/// and what that writes is there for a reader.
pipe_lane::served pipe_lane::serve() noexcept {
    served done;
    for (int round = 0; round != 2; ++round) {
        if (reader_ != nullptr && serve_reader())
            done.reader = std::exchange(reader_, nullptr);
        if (writer_ != nullptr && serve_writer())
            done.writer = std::exchange(writer_, nullptr);
    }
    return done;
}

bool pipe_lane::serve_reader() noexcept {
    const std::span<std::byte> into = reader_->into_;
    const std::size_t count = std::min(into.size(), size_);
    if (count == 0)
        return writing_ended_ || reading_ended_;
    const std::size_t straight = std::min(count, bytes_.size() - first_);
    const std::span<const std::byte> all(bytes_);
    std::ranges::copy(all.subspan(first_, straight), into.begin());
    std::ranges::copy(all.first(count - straight), into.subspan(straight).begin());
    first_ = (first_ + count) % bytes_.size();
    size_ -= count;
    reader_->answer_ = count;
    return true;
}

bool pipe_lane::serve_writer() noexcept {
    if (writing_ended_ || reading_ended_) {
        writer_->answer_ = failure(EPIPE);
        return true;
    }
    const std::span<const std::byte> from = writer_->from_;
    const std::size_t count = std::min(from.size(), bytes_.size() - size_);
    if (count == 0)
        return false;
    const std::size_t last = (first_ + size_) % bytes_.size();
    const std::size_t straight = std::min(count, bytes_.size() - last);
    const std::span<std::byte> all(bytes_);
    std::ranges::copy(from.first(straight), all.subspan(last).begin());
    std::ranges::copy(from.subspan(straight, count - straight), all.begin());
    size_ += count;
    writer_->answer_ = count;
    return true;
}

bool lane_wait::start(promise_base& waiter) noexcept {
    if (!bind(waiter)) {
        answer_ = failure(ECANCELED);
        return false;
    }
    // The other end may end the wait at once; that is a post, which is not looked at before the
    // claim is free.
    const shard::hold held(home());
    if (lane_.begin(*this)) {
        // Who has had its share takes its turn all the same.
        if (spend_transfer())
            return false;
        end_now();
        return true;
    }
    listen_held();
    return true;
}

bool lane_wait::on_stop() noexcept {
    // Not among those who wait any more: bytes moved, which beats the cancel.
    if (lane_.leave(*this)) {
        answer_ = failure(ECANCELED);
        end_now();
    }
    return true;
}

}  // namespace spargio::detail
