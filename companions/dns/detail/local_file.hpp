#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"

namespace spargio::dns::detail {

/// The text of a small file that changes now and then: read through the ring, and again when its
/// size, its time or its place has changed. What cannot be opened, or is no file, is an empty one.
/// Thread: any shard. Limit: `most_bytes`; a longer one is std::errc::file_too_large.
class local_file {
public:
    static constexpr std::size_t most_bytes = 8u << 20;

    /// Without a path there is no file.
    explicit local_file(std::string path) noexcept : path_(std::move(path)) {}

    /// Yields the text as it is now. Errors: those of read(2) and statx(2), file_too_large,
    /// operation_canceled.
    [[nodiscard]] task<result<std::shared_ptr<const std::string>>> text();

private:
    /// What a file that has not changed has not changed.
    struct version {
        std::uint64_t size = 0;
        std::uint64_t inode = 0;
        std::int64_t seconds = 0;
        std::uint32_t nanoseconds = 0;
        friend bool operator==(const version&, const version&) = default;
    };

    [[nodiscard]] std::shared_ptr<const std::string> kept(const version& seen);

    const std::string path_;
    std::mutex mutex_;  // what follows
    version version_;
    std::shared_ptr<const std::string> text_;
};

}  // namespace spargio::dns::detail
