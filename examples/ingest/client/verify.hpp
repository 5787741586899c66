#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "upload.hpp"

namespace ingest_client {

/// Reads every stored file back from the server's store and compares it with its source, byte for
/// byte and by SHA-256; also looks for unfinished files. \return a line for each difference.
auto verify(const std::filesystem::path& store, const std::vector<stored_file>& files)
    -> std::vector<std::string>;

/// For a comparison without sending: what the files hold now.
auto as_if_stored(const std::vector<source_file>& files) -> std::vector<stored_file>;

/// Writes what `sha256sum --check` reads, with names relative to the store.
void write_manifest(const std::filesystem::path& to, const std::vector<stored_file>& files);

}  // namespace ingest_client
