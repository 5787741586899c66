#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "spargio/core/task.hpp"
#include "spargio/fs/open_options.hpp"
#include "spargio/io/close_awaiter.hpp"
#include "spargio/io/descriptor.hpp"
#include "spargio/ring/ops/fsync.hpp"
#include "spargio/ring/ops/read.hpp"
#include "spargio/ring/ops/write.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio::fs {

/// An open file. It closes when it is destroyed; no operation may be under way then.
///
/// Operations go through the ring of the shard that awaits them; any number may be under way at
/// once. A read that is alone in its turn is first tried from the page cache, without the ring.
/// Every operation but close() may answer std::errc::operation_canceled after a stop request, and
/// then nothing was moved.
/// Thread: one at a time opens, moves and closes; operations may be awaited on several shards.
class file {
public:
    file(file&&) noexcept = default;
    file& operator=(file&&) noexcept = default;

    /// Opens or makes `path`. Errors: those of open(2); errc::invalid_option.
    [[nodiscard]] static task<result<file>> open(std::filesystem::path path, open_options options);
    /// Takes over an open descriptor.
    [[nodiscard]] static file from_fd(int number) noexcept { return file(descriptor(number)); }

    /// Reads into `buffer` from `offset` on. \return bytes read, 0 at end of file only; fewer than
    /// asked when the file ends, or when only the first of them are in the page cache: to have them
    /// all, go on behind them, as read_exact_at() does. Source: pread(2), preadv2(2) RWF_NOWAIT.
    /// \pre `buffer` outlives the await
    [[nodiscard]] auto read_at(std::span<std::byte> buffer, std::uint64_t offset) noexcept {
        return detail::await_operation<read_operation>(detail::decode_count(), read_history(fd()),
                                                       fd(), buffer, offset);
    }
    /// Writes some of `buffer` at `offset`. \return bytes written. Errors:
    /// std::errc::no_space_on_device, ... Source: pwrite(2).
    /// \pre `buffer` outlives the await
    [[nodiscard]] auto write_at(std::span<const std::byte> buffer, std::uint64_t offset) noexcept {
        return detail::await_operation<write_operation>(detail::decode_count(), nullptr, fd(),
                                                        buffer, offset);
    }
    /// Fills `buffer`. Error beside read_at()'s: errc::end_of_stream when the file ends before.
    [[nodiscard]] task<result<void>> read_exact_at(std::span<std::byte> buffer,
                                                   std::uint64_t offset);
    /// Writes all of `buffer`. Error beside write_at()'s: errc::nothing_written, when one answers
    /// 0, as a device or a file system in user space may. After an error, some of it may have been
    /// written.
    [[nodiscard]] task<result<void>> write_all_at(std::span<const std::byte> buffer,
                                                  std::uint64_t offset);

    /// Makes data and metadata durable. Source: fsync(2).
    [[nodiscard]] auto fsync() noexcept {
        return detail::await_operation<fsync_operation>(detail::decode_nothing(), nullptr, fd(),
                                                        false);
    }
    /// Makes the data durable, and of the metadata what reading it back needs. Source:
    /// fdatasync(2).
    [[nodiscard]] auto fdatasync() noexcept {
        return detail::await_operation<fsync_operation>(detail::decode_nothing(), nullptr, fd(),
                                                        true);
    }
    /// The length in bytes. Source: statx(2).
    [[nodiscard]] task<result<std::uint64_t>> size();
    /// Closes through the ring and tells what close(2) answers; the descriptor is gone whatever
    /// that is, and a stop request does not keep it. One that is not awaited closes when it is
    /// dropped. \pre no operation is under way
    [[nodiscard]] auto close() noexcept { return detail::close_awaiter(std::move(descriptor_)); }

    [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }

private:
    explicit file(descriptor opened) noexcept : descriptor_(std::move(opened)) {}

    /// How reading descriptor `number` without the ring went on the calling shard.
    [[nodiscard]] static detail::attempt_history* read_history(int number) noexcept;

    descriptor descriptor_;
};

}  // namespace spargio::fs
