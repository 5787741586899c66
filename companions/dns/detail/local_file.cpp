#include "companions/dns/detail/local_file.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "spargio/fs/file.hpp"
#include "spargio/ring/ops/file_status.hpp"

namespace spargio::dns::detail {

task<result<std::shared_ptr<const std::string>>> local_file::text() {
    static const auto nothing = std::make_shared<const std::string>();
    if (path_.empty())
        co_return nothing;
    auto file = co_await fs::file::open(path_, fs::open_options().read());
    if (!file) {
        if (file.error() == std::errc::operation_canceled)
            co_return failure(file.error());
        co_return nothing;
    }
    struct ::statx status {};
    const auto asked = co_await spargio::detail::await_operation<file_status_operation>(
        spargio::detail::decode_nothing(), nullptr, file->fd(), &status);
    if (!asked)
        co_return failure(asked.error());
    if (!S_ISREG(status.stx_mode))
        co_return nothing;
    const version seen{status.stx_size, status.stx_ino, status.stx_mtime.tv_sec,
                       status.stx_mtime.tv_nsec};
    if (auto known = kept(seen))
        co_return known;
    if (seen.size > most_bytes)
        co_return failure(EFBIG);

    // It may be shorter by now than it was a moment ago; what it grew by is for the next look.
    std::string read(seen.size, '\0');
    std::size_t at = 0;
    while (at < read.size()) {
        const auto count =
            co_await file->read_at(std::as_writable_bytes(std::span(read).subspan(at)), at);
        if (!count)
            co_return failure(count.error());
        if (*count == 0)
            break;
        at += *count;
    }
    read.resize(at);
    auto fresh = std::make_shared<const std::string>(std::move(read));
    const std::lock_guard lock(mutex_);
    version_ = seen;
    text_ = fresh;
    co_return fresh;
}

std::shared_ptr<const std::string> local_file::kept(const version& seen) {
    const std::lock_guard lock(mutex_);
    return text_ != nullptr && version_ == seen ? text_ : nullptr;
}

}  // namespace spargio::dns::detail
