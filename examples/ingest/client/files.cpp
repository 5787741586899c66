#include "files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "sha256.hpp"

namespace ingest_client {
namespace {

constexpr std::size_t max_name_length = 255;

void escape(std::string& to, char c) {
    to += '%';
    to += to_hex(std::string_view(&c, 1));
}

auto paths_under(const std::filesystem::path& root) -> std::vector<std::filesystem::path> {
    namespace fs = std::filesystem;
    std::vector<fs::path> found;
    std::error_code ignored;
    auto options = fs::directory_options::skip_permission_denied;
    for (auto walk = fs::recursive_directory_iterator(root, options, ignored);
         walk != fs::recursive_directory_iterator(); walk.increment(ignored)) {
        if (walk->symlink_status(ignored).type() == fs::file_type::regular) {
            found.push_back(walk->path());
        }
    }
    std::ranges::sort(found);
    return found;
}

}  // namespace

auto flat_name(const std::filesystem::path& path) -> std::string {
    std::string name;
    char last = '.';  // a leading dot is refused too
    for (char c : path.native()) {
        auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || c == '/' || c == '%' || c == '\\' ||
            (c == '.' && last == '.')) {
            escape(name, c);
        } else {
            name += c;
        }
        last = c;
    }
    if (name.size() > max_name_length) {
        auto hash = "~" + to_hex(sha256_of(path.native()));
        name.resize(max_name_length - hash.size());
        name += hash;
    }
    return name;
}

auto collect(const std::vector<std::filesystem::path>& paths, const selection& bounds)
    -> std::vector<source_file> {
    std::vector<source_file> chosen;
    std::uint64_t bytes = 0;
    for (const auto& path : paths) {
        std::vector<std::filesystem::path> candidates{path};
        if (std::filesystem::is_directory(path)) {
            candidates = paths_under(path);
        }
        for (auto& candidate : candidates) {
            std::error_code unreadable;
            auto size = std::filesystem::file_size(candidate, unreadable);
            if (unreadable || size > bounds.max_file_bytes ||
                ::access(candidate.c_str(), R_OK) != 0) {
                continue;
            }
            if (chosen.size() == bounds.max_files || bytes + size > bounds.max_bytes) {
                return chosen;
            }
            bytes += size;
            auto name = flat_name(candidate);
            chosen.push_back({std::move(candidate), std::move(name)});
        }
    }
    return chosen;
}

auto read_whole(const std::filesystem::path& path) -> std::string {
    auto fail = [&] { throw std::system_error(errno, std::generic_category(), path.native()); };
    auto fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fail();
    }
    std::string content;
    struct stat about {};
    if (::fstat(fd, &about) == 0) {
        content.reserve(static_cast<std::size_t>(about.st_size));
    }
    char block[64 * 1024];
    ssize_t got = 0;
    while ((got = ::read(fd, block, sizeof block)) > 0) {
        content.append(block, static_cast<std::size_t>(got));
    }
    auto why = errno;
    ::close(fd);
    if (got < 0) {
        errno = why;
        fail();
    }
    return content;
}

}  // namespace ingest_client
