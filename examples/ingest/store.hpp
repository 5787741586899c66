#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/fs/file.hpp"

namespace ingest {

/// The directory that files are kept in. Its lock keeps a second server out, so all unfinished
/// files found at the start are leftovers of a crash, and are removed.
/// Thread: any, after open().
class store {
public:
    /// Blocking: for the start, before the runtime runs. \return why not, in one sentence.
    static auto open(const std::filesystem::path& directory) -> std::expected<store, std::string>;

    store(store&& other) noexcept;
    auto operator=(store&&) -> store& = delete;
    ~store();

    auto directory() const -> const std::string& { return directory_; }

    /// \pre is_valid_name(name)
    auto path_of(std::string_view name) const -> std::string;

    /// Opens what sync_names() syncs; once, on a shard.
    auto open_names() -> spargio::task<spargio::result<void>>;

    /// Makes the names of renamed files durable. Thread: any shard, any number at once.
    auto sync_names() -> spargio::task<spargio::result<void>>;

    /// A path for a file that is being received; no other call returns the same. It starts with a
    /// dot, as no valid name does.
    auto unfinished_path() -> std::string;

private:
    store(std::string directory, int lock) : directory_(std::move(directory)), lock_(lock) {}

    std::string directory_;
    int lock_ = -1;
    std::atomic<std::uint64_t> next_ = 0;
    std::optional<spargio::fs::file> names_;
};

}  // namespace ingest
