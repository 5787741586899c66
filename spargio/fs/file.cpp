#include "spargio/fs/file.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "spargio/fs/detail/zero_byte.hpp"
#include "spargio/ring/ops/file_status.hpp"
#include "spargio/ring/ops/open.hpp"

namespace spargio::fs {
namespace {

/// An open that waits, as that of a pipe with a name does, and is interrupted by its cancel, may
/// answer with a code that the kernel otherwise keeps to itself: nothing was opened.
struct decode_opened {
    result<std::size_t> operator()(int outcome) const noexcept {
        constexpr int restart_system_call = 512;  // ERESTARTSYS of include/linux/errno.h
        return detail::decode_count()(outcome == -restart_system_call ? -ECANCELED : outcome);
    }
};

}  // namespace

task<result<file>> file::open(std::filesystem::path path, open_options options) {
    const auto flags = options.flags();
    if (!flags)
        co_return failure(flags.error());
    if (detail::has_zero_byte(path))
        co_return failure(EINVAL);
    const auto opened = co_await detail::await_operation<open_operation>(
        decode_opened(), nullptr, path.c_str(), *flags, options.mode());
    if (!opened)
        co_return failure(opened.error());
    co_return file(descriptor(static_cast<int>(*opened)));
}

task<result<void>> file::read_exact_at(std::span<std::byte> buffer, std::uint64_t offset) {
    while (!buffer.empty()) {
        const auto count = co_await read_at(buffer, offset);
        if (!count)
            co_return failure(count.error());
        if (*count == 0)
            co_return failure(make_error_code(errc::end_of_stream));
        buffer = buffer.subspan(*count);
        offset += *count;
    }
    co_return result<void>{};
}

task<result<void>> file::write_all_at(std::span<const std::byte> buffer, std::uint64_t offset) {
    while (!buffer.empty()) {
        const auto count = co_await write_at(buffer, offset);
        if (!count)
            co_return failure(count.error());
        buffer = buffer.subspan(*count);
        offset += *count;
    }
    co_return result<void>{};
}

task<result<std::uint64_t>> file::size() {
    struct ::statx status {};
    const auto asked = co_await detail::await_operation<file_status_operation>(
        detail::decode_nothing(), nullptr, fd(), &status);
    if (!asked)
        co_return failure(asked.error());
    co_return status.stx_size;
}

}  // namespace spargio::fs
