#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ingest_client {

/// A file to send, and the flat name it gets in the store.
struct source_file {
    std::filesystem::path path;
    std::string name;
};

struct selection {
    std::size_t max_files = SIZE_MAX;      // stops there
    std::uint64_t max_bytes = UINT64_MAX;  // of all files together; stops before the one over it
    std::uint64_t max_file_bytes = 64 * 1024 * 1024;  // skips larger ones
};

/// The regular files that `paths` name or contain, without following symbolic links inside
/// directories, in a stable order. Files that cannot be read are left out.
auto collect(const std::vector<std::filesystem::path>& paths, const selection& bounds)
    -> std::vector<source_file>;

/// A name without '/' that no other path gets: '/', '%', '\', control characters and dots that
/// would make a refused name are written as %XX; what is too long ends in a hash of the path.
auto flat_name(const std::filesystem::path& path) -> std::string;

/// The whole file; throws std::system_error.
auto read_whole(const std::filesystem::path& path) -> std::string;

}  // namespace ingest_client
