#pragma once

#include <cstddef>
#include <cstdint>

#include "spargio/core/task.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/net/connected_stream.hpp"

namespace spargio {

/// A pipe through which the kernel moves bytes between streams and files without copying them to
/// the program. What was filled in stays until it is drained, whatever stops or fails in between:
/// no byte is lost as long as the pipe lives.
///
/// A byte of a file that changes while it is on its way may arrive changed. Moving runs in a kernel
/// worker; waiting for a stream does not, but a peer that reads slowly may hold one worker as long
/// as it takes to send what is in the pipe. Thread: one task at a time fills or drains. Limit:
/// three descriptors, `capacity` bytes.
class splice_pipe {
public:
    static constexpr std::size_t capacity = 65'536;

    /// Errors: std::errc::too_many_files_open, ... Source: pipe2(2).
    [[nodiscard]] static result<splice_pipe> open();

    /// Takes up to `most` bytes of the file from `offset` on. \return bytes taken, 0 at end of file
    /// only. Errors: those of a read; std::errc::operation_canceled (nothing was taken).
    /// \pre the pipe is empty; `from` outlives the await. Source: splice(2).
    [[nodiscard]] task<result<std::size_t>> fill_from(const fs::file& from, std::uint64_t offset,
                                                      std::size_t most = capacity);
    /// Waits for bytes and takes up to `most`. \return bytes taken, 0 at end of stream only. The
    /// rest as above.
    [[nodiscard]] task<result<std::size_t>> fill_from(connected_stream& from,
                                                      std::size_t most = capacity);
    /// Waits for room and sends some of what is in the pipe. \return bytes sent. Errors: those of
    /// write_some(), never a signal; errc::nothing_written instead of 0. \pre the pipe is not
    /// empty; `to` outlives the await.
    [[nodiscard]] task<result<std::size_t>> drain_to(connected_stream& to);
    /// Writes some of what is in the pipe at `offset`. \return bytes written. Errors: those of a
    /// write; errc::nothing_written instead of 0.
    [[nodiscard]] task<result<std::size_t>> drain_to(fs::file& to, std::uint64_t offset);

    /// Bytes in the pipe.
    [[nodiscard]] std::size_t held() const noexcept { return held_; }

private:
    class lent_number;

    splice_pipe(descriptor out, descriptor in, descriptor spare) noexcept
        : out_(std::move(out)), in_(std::move(in)), spare_(std::move(spare)) {}

    [[nodiscard]] task<result<std::size_t>> fill(int from, std::int64_t offset, std::size_t most);
    [[nodiscard]] task<result<std::size_t>> drain(int to, std::int64_t offset);

    descriptor out_;  // bytes come out here
    descriptor in_;
    descriptor spare_;  // of the stream while bytes move from or to it, otherwise of the pipe
    std::size_t held_ = 0;
};

}  // namespace spargio
