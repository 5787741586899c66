#include "spargio/fs/file.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "spargio/fs/detail/zero_byte.hpp"
#include "spargio/ring/ops/file_status.hpp"
#include "spargio/ring/ops/open.hpp"

namespace spargio::fs {

task<result<file>> file::open(std::filesystem::path path, open_options options) {
    const auto flags = options.flags();
    if (!flags)
        co_return failure(flags.error());
    if (detail::has_zero_byte(path))
        co_return failure(EINVAL);
    const auto opened = co_await detail::await_operation<open_operation>(
        detail::decode_count(), nullptr, path.c_str(), *flags, options.mode());
    if (!opened)
        co_return failure(opened.error());
    co_return file(descriptor(static_cast<int>(*opened)));
}

// A history each shard, since a file may be read on several at once. Two descriptors that share one
// only try a little too often or too seldom.
detail::attempt_history* file::read_history(int number) noexcept {
    constexpr unsigned told_apart = 64;
    thread_local std::array<detail::attempt_history, told_apart> histories;
    return &histories[static_cast<unsigned>(number) % told_apart];
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
        if (*count == 0)
            co_return failure(make_error_code(errc::nothing_written));
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
