#include "spargio/testing/detail/simulated_objects.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace spargio::testing::detail {

int simulated_object::read(std::span<std::byte>, std::uint64_t) {
    return -EINVAL;
}
int simulated_object::write(std::span<const std::byte>, std::uint64_t) {
    return -EINVAL;
}
int simulated_object::receive(std::span<std::byte>) {
    return -ENOTSOCK;
}
int simulated_object::send(std::span<const std::byte>) {
    return -ENOTSOCK;
}
int simulated_object::take_datagram(std::vector<std::byte>&) {
    return -EOPNOTSUPP;
}
int simulated_object::accept(object_pointer&) {
    return -ENOTSOCK;
}
int simulated_object::shutdown(int) {
    return -ENOTSOCK;
}
int simulated_object::sync() {
    return -EINVAL;
}

int simulated_object::status(struct ::statx& status) {
    status = {};
    status.stx_mask = STATX_BASIC_STATS;
    status.stx_mode = S_IFSOCK | 0600;
    return 0;
}

// --- streams -------------------------------------------------------------------------------------

void simulated_stream::connect(const std::shared_ptr<simulated_stream>& one,
                               const std::shared_ptr<simulated_stream>& other,
                               std::size_t capacity) {
    one->peer_ = other;
    other->peer_ = one;
    one->connected_ = other->connected_ = true;
    one->capacity_ = other->capacity_ = capacity;
}

simulated_stream::~simulated_stream() {
    const auto peer = peer_.lock();
    if (peer == nullptr)
        return;
    peer->incoming_ended_ = true;
    // Unread bytes are lost, which TCP tells the sender.
    peer->reset_ = !incoming_.empty();
    listener().changed(*peer);
}

int simulated_stream::receive(std::span<std::byte> buffer) {
    if (!connected_)
        return -ENOTCONN;
    if (!incoming_.empty()) {
        const std::size_t size = std::min(buffer.size(), incoming_.size());
        const auto end = incoming_.begin() + static_cast<std::ptrdiff_t>(size);
        std::copy(incoming_.begin(), end, buffer.begin());
        incoming_.erase(incoming_.begin(), end);
        if (const auto peer = peer_.lock())
            listener().changed(*peer);
        return static_cast<int>(size);
    }
    if (std::exchange(reset_, false))
        return -ECONNRESET;
    return incoming_ended_ || buffer.empty() ? 0 : -EAGAIN;
}

int simulated_stream::send(std::span<const std::byte> buffer) {
    if (!connected_)
        return -ENOTCONN;
    const auto peer = peer_.lock();
    if (sending_ended_ || peer == nullptr)
        return -EPIPE;
    // What arrives after the peer stopped reading is dropped, as by a kernel.
    if (peer->incoming_ended_)
        return static_cast<int>(buffer.size());
    const std::size_t room = capacity_ - peer->incoming_.size();
    if (room == 0)
        return -EAGAIN;
    const std::size_t size = std::min(buffer.size(), room);
    const auto moved = buffer.first(size);
    peer->incoming_.insert(peer->incoming_.end(), moved.begin(), moved.end());
    listener().changed(*peer);
    return static_cast<int>(size);
}

int simulated_stream::shutdown(int how) {
    if (!connected_)
        return -ENOTCONN;
    if (how != SHUT_WR)
        incoming_ended_ = true;
    if (how != SHUT_RD) {
        sending_ended_ = true;
        if (const auto peer = peer_.lock()) {
            peer->incoming_ended_ = true;
            listener().changed(*peer);
        }
    }
    announce();
    return 0;
}

std::size_t simulated_stream::room() const {
    const auto peer = peer_.lock();
    return peer == nullptr ? 0 : capacity_ - peer->incoming_.size();
}

int simulated_stream::poll(int events) {
    const auto peer = peer_.lock();
    int seen = peer == nullptr ? POLLHUP : 0;
    if (!incoming_.empty() || incoming_ended_ || reset_)
        seen |= events & POLLIN;
    if (sending_ended_ || peer == nullptr || room() != 0)
        seen |= events & POLLOUT;
    return seen == 0 ? -EAGAIN : seen;
}

// --- datagrams -----------------------------------------------------------------------------------

void simulated_datagrams::connect(const std::shared_ptr<simulated_datagrams>& one,
                                  const std::shared_ptr<simulated_datagrams>& other,
                                  std::size_t capacity) {
    one->peer_ = other;
    other->peer_ = one;
    one->capacity_ = other->capacity_ = capacity;
}

int simulated_datagrams::take_datagram(std::vector<std::byte>& taken) {
    if (incoming_.empty())
        return -EAGAIN;
    taken = std::move(incoming_.front());
    incoming_.pop_front();
    if (const auto peer = peer_.lock())
        listener().changed(*peer);
    return static_cast<int>(taken.size());
}

int simulated_datagrams::receive(std::span<std::byte> buffer) {
    std::vector<std::byte> whole;
    if (const int outcome = take_datagram(whole); outcome < 0)
        return outcome;
    const std::size_t size = std::min(buffer.size(), whole.size());
    std::copy_n(whole.begin(), size, buffer.begin());
    return static_cast<int>(size);
}

int simulated_datagrams::send(std::span<const std::byte> buffer) {
    const auto peer = peer_.lock();
    if (peer == nullptr)
        return -ECONNREFUSED;
    if (peer->incoming_.size() == capacity_)
        return -EAGAIN;
    peer->incoming_.emplace_back(buffer.begin(), buffer.end());
    listener().changed(*peer);
    return static_cast<int>(buffer.size());
}

int simulated_datagrams::poll(int events) {
    const auto peer = peer_.lock();
    int seen = incoming_.empty() ? 0 : events & POLLIN;
    if (peer == nullptr || peer->incoming_.size() != capacity_)
        seen |= events & POLLOUT;
    return seen == 0 ? -EAGAIN : seen;
}

// --- listeners -----------------------------------------------------------------------------------

void simulated_listener::arrive(object_pointer connection) {
    arrived_.push_back(std::move(connection));
    announce();
}

int simulated_listener::accept(object_pointer& made) {
    if (arrived_.empty())
        return -EAGAIN;
    made = std::move(arrived_.front());
    arrived_.pop_front();
    announce();  // a connect may wait for room
    return 0;
}

int simulated_listener::poll(int events) {
    const int ready = arrived_.empty() ? 0 : events & POLLIN;
    return ready != 0 ? ready : -EAGAIN;
}

// --- files ---------------------------------------------------------------------------------------

int simulated_file::read(std::span<std::byte> buffer, std::uint64_t offset) {
    if ((flags_ & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (inode_->directory)
        return -EISDIR;
    const bool at_position = offset == ~std::uint64_t{0};
    const std::size_t from = at_position ? position_ : offset;
    const std::vector<std::byte>& bytes = inode_->bytes;
    if (from >= bytes.size())
        return 0;
    const std::size_t size = std::min(buffer.size(), bytes.size() - from);
    std::memcpy(buffer.data(), bytes.data() + from, size);
    if (at_position)
        position_ += size;
    return static_cast<int>(size);
}

int simulated_file::write(std::span<const std::byte> buffer, std::uint64_t offset) {
    if ((flags_ & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    std::vector<std::byte>& bytes = inode_->bytes;
    const bool at_position = offset == ~std::uint64_t{0};
    std::size_t to = at_position ? position_ : offset;
    if ((flags_ & O_APPEND) != 0)
        to = bytes.size();
    if (to + buffer.size() > bytes.size())
        bytes.resize(to + buffer.size());
    std::copy(buffer.begin(), buffer.end(), bytes.begin() + static_cast<std::ptrdiff_t>(to));
    if (at_position)
        position_ = to + buffer.size();
    return static_cast<int>(buffer.size());
}

int simulated_file::status(struct ::statx& status) {
    status = inode_->status();
    return 0;
}

struct ::statx simulated_inode::status() const noexcept {
    struct ::statx status {};
    status.stx_mask = STATX_BASIC_STATS;
    status.stx_nlink = 1;
    status.stx_mode = directory ? S_IFDIR | 0700 : S_IFREG | 0600;
    status.stx_ino = reinterpret_cast<std::uintptr_t>(this);
    status.stx_size = bytes.size();
    status.stx_blksize = 4096;
    status.stx_blocks = (bytes.size() + 511) / 512;
    return status;
}

int simulated_bell::read(std::span<std::byte> buffer, std::uint64_t) {
    if (buffer.size() < sizeof count_)
        return -EINVAL;
    if (count_ == 0)
        return -EAGAIN;
    std::memcpy(buffer.data(), &count_, sizeof count_);
    count_ = 0;
    return sizeof count_;
}

int simulated_bell::write(std::span<const std::byte> buffer, std::uint64_t) {
    std::uint64_t strokes = 0;
    if (buffer.size() < sizeof strokes)
        return -EINVAL;
    std::memcpy(&strokes, buffer.data(), sizeof strokes);
    count_ += strokes;
    announce();
    return sizeof strokes;
}

}  // namespace spargio::testing::detail
