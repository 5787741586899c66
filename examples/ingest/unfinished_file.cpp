#include "unfinished_file.hpp"

#include <unistd.h>

#include <utility>

#include "spargio/fs/path.hpp"

namespace ingest {

using spargio::result;
using spargio::task;

auto unfinished_file::create(store* where) -> task<result<unfinished_file>> {
    auto path = where->unfinished_path();
    auto how = spargio::fs::open_options().write().create_new().mode(0644);
    auto file = co_await spargio::fs::file::open(path, how);
    if (!file) {
        co_return std::unexpected(file.error());
    }
    co_return unfinished_file(where, std::move(path), std::move(*file));
}

unfinished_file::unfinished_file(unfinished_file&& other) noexcept
    : store_(other.store_),
      path_(std::exchange(other.path_, {})),
      file_(std::move(other.file_)),
      size_(other.size_) {}

unfinished_file::~unfinished_file() {
    // Not through the ring: this also runs in a task that was told to stop, where an operation is
    // refused before it starts.
    if (!path_.empty()) {
        ::unlink(path_.c_str());
    }
}

auto unfinished_file::append(std::span<const std::byte> bytes) -> task<result<void>> {
    auto written = co_await file_->write_all_at(bytes, size_);
    if (written) {
        size_ += bytes.size();
    }
    co_return written;
}

auto unfinished_file::commit(std::string name) -> task<result<void>> {
    if (auto synced = co_await file_->fsync(); !synced) {
        co_return synced;
    }
    auto target = store_->path_of(name);
    if (auto renamed = co_await spargio::fs::rename(path_, target); !renamed) {
        co_return renamed;
    }
    path_.clear();
    co_return co_await store_->sync_names();
}

auto unfinished_file::discard() -> task<> {
    file_.reset();
    if (path_.empty()) {
        co_return;
    }
    auto removed = co_await spargio::fs::remove_file(path_);
    if (removed) {
        path_.clear();
    }
}

}  // namespace ingest
