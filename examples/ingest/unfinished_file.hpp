#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/fs/file.hpp"

#include "store.hpp"

namespace ingest {

/// A file that is being received: it has a name of its own until commit() renames it. Whatever
/// happens before that - an error, a stop, an exception - its destructor leaves nothing behind.
/// Thread: the task that made it.
class unfinished_file {
public:
    static auto create(store* where) -> spargio::task<spargio::result<unfinished_file>>;

    unfinished_file(unfinished_file&& other) noexcept;
    auto operator=(unfinished_file&&) -> unfinished_file& = delete;
    ~unfinished_file();

    /// Writes all bytes behind the last ones. \pre they outlive the await.
    auto append(std::span<const std::byte> bytes) -> spargio::task<spargio::result<void>>;

    /// Makes the content durable, gives it its name, makes the name durable. An error before the
    /// rename leaves the old file of that name; an error after it leaves the new one, whole.
    auto commit(std::string name) -> spargio::task<spargio::result<void>>;

    /// Removes the file through the ring: the shard does not wait for the disk.
    auto discard() -> spargio::task<>;

private:
    unfinished_file(store* where, std::string path, spargio::fs::file file)
        : store_(where), path_(std::move(path)), file_(std::move(file)) {}

    store* store_;
    std::string path_;  // empty: nothing to remove
    std::optional<spargio::fs::file> file_;
    std::uint64_t size_ = 0;
};

}  // namespace ingest
