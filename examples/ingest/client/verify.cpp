#include "verify.hpp"

#include <exception>
#include <fstream>
#include <stdexcept>

#include "sha256.hpp"

namespace ingest_client {

auto verify(const std::filesystem::path& store, const std::vector<stored_file>& files)
    -> std::vector<std::string> {
    std::vector<std::string> differences;
    for (const auto& file : files) {
        try {
            auto kept = read_whole(store / file.source->name);
            if (kept != read_whole(file.source->path)) {
                differences.push_back(file.source->name + ": differs from its source");
            } else if (sha256_of(kept) != file.checksum) {
                differences.push_back(file.source->name + ": SHA-256 differs from what was sent");
            }
        } catch (const std::exception& error) {
            differences.push_back(error.what());
        }
    }
    // The server's own files start with a dot; a stored one never does.
    for (const auto& entry : std::filesystem::directory_iterator(store)) {
        auto name = entry.path().filename().native();
        if (name.starts_with('.')) {
            differences.push_back(name + ": an unfinished file stayed in the store");
        }
    }
    return differences;
}

auto as_if_stored(const std::vector<source_file>& files) -> std::vector<stored_file> {
    std::vector<stored_file> stored;
    for (const auto& file : files) {
        stored.push_back({&file, sha256_of(read_whole(file.path))});
    }
    return stored;
}

void write_manifest(const std::filesystem::path& to, const std::vector<stored_file>& files) {
    std::ofstream out(to);
    for (const auto& file : files) {
        out << to_hex(file.checksum) << "  " << file.source->name << '\n';
    }
    if (!out.flush()) {
        throw std::runtime_error(to.native() + ": cannot write the manifest");
    }
}

}  // namespace ingest_client
