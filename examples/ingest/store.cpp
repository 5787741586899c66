#include "store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace ingest {
namespace {

constexpr std::string_view unfinished_prefix = ".ingest-";
constexpr std::string_view unfinished_suffix = ".part";

auto because(int error) -> std::string {
    return std::generic_category().message(error);
}

auto remove_leftovers(const std::filesystem::path& directory) -> std::error_code {
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(directory, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        auto name = entry->path().filename().native();
        if (name.starts_with(unfinished_prefix) && name.ends_with(unfinished_suffix)) {
            std::filesystem::remove(entry->path(), error);
        }
    }
    return error;
}

}  // namespace

auto store::open(const std::filesystem::path& directory) -> std::expected<store, std::string> {
    auto name = "the store '" + directory.native() + "' ";
    auto lock = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0) {
        return std::unexpected(name + "cannot be opened: " + because(errno));
    }
    store opened(std::filesystem::absolute(directory).native(), lock);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return std::unexpected(name + (errno == EWOULDBLOCK
                                           ? "is in use by another server"
                                           : "cannot be locked: " + because(errno)));
    }
    if (::faccessat(lock, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        return std::unexpected(name + "is not writable: " + because(errno));
    }
    if (auto error = remove_leftovers(directory)) {
        return std::unexpected(name + "cannot be cleaned of unfinished files: " + error.message());
    }
    return opened;
}

store::store(store&& other) noexcept
    : directory_(std::move(other.directory_)), lock_(std::exchange(other.lock_, -1)) {}

store::~store() {
    if (lock_ >= 0) {
        ::close(lock_);
    }
}

auto store::open_names() -> spargio::task<spargio::result<void>> {
    auto how = spargio::fs::open_options().read();
    auto names = co_await spargio::fs::file::open(directory_, how);
    if (!names) {
        co_return std::unexpected(names.error());
    }
    names_.emplace(std::move(*names));
    co_return co_await sync_names();
}

auto store::sync_names() -> spargio::task<spargio::result<void>> {
    co_return co_await names_->fsync();
}

auto store::path_of(std::string_view name) const -> std::string {
    auto path = directory_ + "/";
    path += name;
    return path;
}

auto store::unfinished_path() -> std::string {
    auto number = std::to_string(next_.fetch_add(1, std::memory_order_relaxed));
    auto path = directory_ + "/";
    path += unfinished_prefix;
    path += number;
    path += unfinished_suffix;
    return path;
}

}  // namespace ingest
