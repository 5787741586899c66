#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "spargio/testing/detail/simulated_objects.hpp"

struct io_uring_sqe;

namespace spargio::testing::detail {

/// Descriptors, addresses and paths, and what the opcodes do with them. A descriptor is the lowest
/// free number from first_descriptor on: no real one is that high, so that a system call made
/// behind the simulated kernel's back fails, and as low as possible, so that a closed one is soon
/// reused. Thread: under the simulation's lock.
class simulated_world {
public:
    static constexpr int first_descriptor = 1 << 20;

    simulated_world(change_listener& listener, std::size_t descriptor_limit);

    [[nodiscard]] object_pointer find(int descriptor) const;
    /// -EMFILE past the limit.
    int add(object_pointer object);
    int close(int descriptor);
    void close_all();
    [[nodiscard]] std::size_t open_descriptors() const noexcept;

    int listen(std::string address, unsigned backlog);
    int connect(const object_pointer& socket, const std::string& address);
    int accept(simulated_object& listener);
    int open(std::string path, int flags);
    int unlink(std::string path, bool directory);
    int rename(std::string from, std::string to);
    int make_directory(std::string path);
    [[nodiscard]] std::shared_ptr<simulated_inode> inode(std::string path) const;
    /// Makes the file or empties it.
    std::shared_ptr<simulated_inode> put_file(std::string path);

    /// Does what `request` asks; `target` is what its descriptor named when it was submitted, and
    /// no transfer is longer than `most` bytes. -EAGAIN: wait for `target`, or for `*instead` if
    /// that is set, to change. -EINVAL: unknown.
    int execute(const ::io_uring_sqe& request, const object_pointer& target, std::size_t most,
                object_pointer* instead);

private:
    [[nodiscard]] bool parent_exists(const std::string& path) const;
    [[nodiscard]] bool has_entries(const std::string& directory) const;

    change_listener& listener_;
    std::size_t descriptor_limit_;
    std::vector<object_pointer> descriptors_;
    std::map<std::string, std::weak_ptr<simulated_listener>> addresses_;
    std::map<std::string, std::shared_ptr<simulated_inode>> paths_;
};

}  // namespace spargio::testing::detail
