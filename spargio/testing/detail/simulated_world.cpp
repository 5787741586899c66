#include "spargio/testing/detail/simulated_world.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "spargio/testing/detail/simulated_transfers.hpp"

namespace spargio::testing::detail {
namespace {

constexpr std::size_t stream_capacity = 65'536;

std::string without_slash(std::string path) {
    while (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    return path;
}

}  // namespace

simulated_world::simulated_world(change_listener& listener, std::size_t descriptor_limit)
    : listener_(listener), descriptor_limit_(descriptor_limit) {
    for (const char* directory : {"/", ".", "/tmp"})
        make_directory(directory);
}

// --- descriptors ---------------------------------------------------------------------------------

object_pointer simulated_world::find(int descriptor) const {
    const auto slot = static_cast<std::size_t>(descriptor - first_descriptor);
    if (descriptor < first_descriptor || slot >= descriptors_.size())
        return nullptr;
    return descriptors_[slot];
}

int simulated_world::add(object_pointer object) {
    auto slot = std::ranges::find(descriptors_, nullptr);
    if (slot == descriptors_.end()) {
        if (descriptors_.size() >= descriptor_limit_)
            return -EMFILE;
        slot = descriptors_.emplace(slot);
    }
    *slot = std::move(object);
    return first_descriptor + static_cast<int>(slot - descriptors_.begin());
}

int simulated_world::close(int descriptor) {
    if (find(descriptor) == nullptr)
        return -EBADF;
    // Out of the table first: what ends with its last reference may look around.
    std::exchange(descriptors_[static_cast<std::size_t>(descriptor - first_descriptor)], nullptr);
    return 0;
}

void simulated_world::close_all() {
    const auto last_references = std::exchange(descriptors_, {});
}

std::size_t simulated_world::open_descriptors() const noexcept {
    return descriptors_.size() -
           static_cast<std::size_t>(std::ranges::count(descriptors_, nullptr));
}

// --- sockets -------------------------------------------------------------------------------------

int simulated_world::listen(std::string address, unsigned backlog) {
    auto& entry = addresses_[std::move(address)];
    if (!entry.expired())
        return -EADDRINUSE;
    auto made = std::make_shared<simulated_listener>(listener_, backlog);
    entry = made;
    return add(std::move(made));
}

int simulated_world::connect(const object_pointer& socket, const std::string& address) {
    const auto stream = std::dynamic_pointer_cast<simulated_stream>(socket);
    if (stream == nullptr)
        return -ENOTSOCK;
    if (stream->connected())
        return -EISCONN;
    const auto entry = addresses_.find(address);
    const auto listener = entry == addresses_.end() ? nullptr : entry->second.lock();
    if (listener == nullptr)
        return -ECONNREFUSED;
    if (listener->full())
        return -EAGAIN;
    auto other = std::make_shared<simulated_stream>(listener_);
    simulated_stream::connect(stream, other, stream_capacity);
    listener->arrive(std::move(other));
    return 0;
}

int simulated_world::accept(simulated_object& listener) {
    if (open_descriptors() >= descriptor_limit_)
        return -EMFILE;
    object_pointer made;
    if (const int outcome = listener.accept(made); outcome < 0)
        return outcome;
    return add(std::move(made));
}

// --- paths ---------------------------------------------------------------------------------------

bool simulated_world::parent_exists(const std::string& path) const {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0)
        return true;
    const auto parent = inode(path.substr(0, slash));
    return parent != nullptr && parent->directory;
}

bool simulated_world::has_entries(const std::string& directory) const {
    const auto next = paths_.lower_bound(directory + '/');
    return next != paths_.end() && next->first.starts_with(directory + '/');
}

std::shared_ptr<simulated_inode> simulated_world::inode(std::string path) const {
    const auto found = paths_.find(without_slash(std::move(path)));
    return found == paths_.end() ? nullptr : found->second;
}

std::shared_ptr<simulated_inode> simulated_world::put_file(std::string path) {
    auto& entry = paths_[without_slash(std::move(path))];
    entry = std::make_shared<simulated_inode>();
    return entry;
}

int simulated_world::open(std::string path, int flags) {
    path = without_slash(std::move(path));
    auto found = inode(path);
    if (found == nullptr) {
        if ((flags & O_CREAT) == 0 || !parent_exists(path))
            return -ENOENT;
        found = put_file(path);
    } else if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
        return -EEXIST;
    } else if (found->directory && (flags & O_ACCMODE) != O_RDONLY) {
        return -EISDIR;
    } else if (!found->directory && (flags & O_DIRECTORY) != 0) {
        return -ENOTDIR;
    }
    const int descriptor = add(std::make_shared<simulated_file>(listener_, found, flags));
    if (descriptor >= 0 && (flags & O_TRUNC) != 0)
        found->bytes.clear();
    return descriptor;
}

int simulated_world::unlink(std::string path, bool directory) {
    path = without_slash(std::move(path));
    const auto found = inode(path);
    if (found == nullptr)
        return -ENOENT;
    if (found->directory != directory)
        return directory ? -ENOTDIR : -EISDIR;
    if (directory && has_entries(path))
        return -ENOTEMPTY;
    paths_.erase(path);
    return 0;
}

int simulated_world::rename(std::string from, std::string to) {
    from = without_slash(std::move(from));
    to = without_slash(std::move(to));
    const auto moved = inode(from);
    if (moved == nullptr || !parent_exists(to))
        return -ENOENT;
    if (const auto replaced = inode(to); replaced != nullptr && from != to) {
        if (replaced->directory != moved->directory)
            return replaced->directory ? -EISDIR : -ENOTDIR;
        if (replaced->directory && has_entries(to))
            return -ENOTEMPTY;
    }
    if (to.starts_with(from + '/'))
        return -EINVAL;
    // A directory takes along what is below it.
    std::map<std::string, std::shared_ptr<simulated_inode>> moving;
    for (auto entry = paths_.begin(); entry != paths_.end();) {
        const bool moves = entry->first == from || entry->first.starts_with(from + '/');
        auto next = std::next(entry);
        if (moves) {
            moving.emplace(to + entry->first.substr(from.size()), entry->second);
            paths_.erase(entry);
        }
        entry = next;
    }
    for (auto& [path, inode] : moving)
        paths_[path] = inode;
    return 0;
}

int simulated_world::make_directory(std::string path) {
    path = without_slash(std::move(path));
    if (paths_.contains(path))
        return -EEXIST;
    if (!parent_exists(path))
        return -ENOENT;
    auto made = std::make_shared<simulated_inode>();
    made->directory = true;
    paths_.emplace(std::move(path), std::move(made));
    return 0;
}

// --- opcodes -------------------------------------------------------------------------------------

int simulated_world::execute(const ::io_uring_sqe& request, const object_pointer& target,
                             std::size_t most, object_pointer* instead) {
    auto* data = reinterpret_cast<std::byte*>(request.addr);
    const auto* path = reinterpret_cast<const char*>(request.addr);
    const std::size_t size = std::min<std::size_t>(request.len, most);
    switch (request.opcode) {
    case IORING_OP_NOP:
        return 0;
    case IORING_OP_READ:
        return target->read({data, size}, request.off);
    case IORING_OP_WRITE:
        return target->write({data, size}, request.off);
    case IORING_OP_RECV:
        return target->receive({data, size});
    case IORING_OP_SEND:
    case IORING_OP_SEND_ZC:
        return target->send({data, size});
    case IORING_OP_SENDMSG:
        return send_message(*target, *reinterpret_cast<const ::msghdr*>(request.addr), most);
    case IORING_OP_RECVMSG:
        return receive_message(*target, request, most);
    case IORING_OP_SPLICE: {
        const object_pointer from = find(request.splice_fd_in);
        if (from == nullptr)
            return -EBADF;
        bool from_waits = false;
        const int outcome = splice(*from, *target, request, most, from_waits);
        if (from_waits && instead != nullptr)
            *instead = from;
        return outcome;
    }
    case IORING_OP_POLL_ADD:
        return request.len != 0 ? -EINVAL : target->poll(static_cast<int>(request.poll32_events));
    case IORING_OP_FSYNC:
        return target->sync();
    case IORING_OP_SHUTDOWN:
        return target->shutdown(static_cast<int>(request.len));
    case IORING_OP_ACCEPT:
        return accept(*target);
    case IORING_OP_CONNECT: {
        const std::string address(path, request.off);
        const int outcome = connect(target, address);
        if (outcome == -EAGAIN && instead != nullptr)
            *instead = addresses_[address].lock();
        return outcome;
    }
    case IORING_OP_CLOSE:
        return close(request.fd);
    case IORING_OP_OPENAT:
        return open(path, static_cast<int>(request.open_flags));
    case IORING_OP_UNLINKAT:
        return unlink(path, (request.unlink_flags & AT_REMOVEDIR) != 0);
    case IORING_OP_RENAMEAT:
        return rename(path, reinterpret_cast<const char*>(request.off));
    case IORING_OP_MKDIRAT:
        return make_directory(path);
    case IORING_OP_STATX: {
        auto& status = *reinterpret_cast<struct ::statx*>(request.off);
        if (target != nullptr)
            return target->status(status);
        const auto found = inode(path);
        if (found == nullptr)
            return -ENOENT;
        status = found->status();
        return 0;
    }
    default:
        return -EINVAL;
    }
}

}  // namespace spargio::testing::detail
