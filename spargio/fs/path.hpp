#pragma once

#include <filesystem>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"

namespace spargio::fs {

// What is done to paths, through the ring of the awaiting shard. Errors are those of the system
// call named, std::errc::invalid_argument for a path with a zero byte in it, and
// std::errc::operation_canceled, after which nothing was done.

/// Renames `from` to `to` in one step, replacing a file that is there. Source: rename(2).
[[nodiscard]] task<result<void>> rename(std::filesystem::path from, std::filesystem::path to);
/// Source: unlink(2).
[[nodiscard]] task<result<void>> remove_file(std::filesystem::path path);
/// The directory must be empty. Source: rmdir(2).
[[nodiscard]] task<result<void>> remove_dir(std::filesystem::path path);
/// Its parent must be there. `mode` counts before the umask. Source: mkdir(2).
[[nodiscard]] task<result<void>> create_dir(std::filesystem::path path, unsigned mode = 0777);
/// Makes what was done to the entries of directory `path` durable. Error:
/// std::errc::not_a_directory for anything else. Source: open(2) O_DIRECTORY, fsync(2).
[[nodiscard]] task<result<void>> sync_dir(std::filesystem::path path);

}  // namespace spargio::fs
