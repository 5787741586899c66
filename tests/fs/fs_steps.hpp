#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spargio/core/when_all.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/fs/path.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace spargio::fs_test {

using std::filesystem::path;

/// A directory of the test's own below the working directory, removed with everything in it.
class scratch_directory {
public:
    scratch_directory() {
        std::string name = (std::filesystem::current_path() / "fs-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::system_error(errno, std::generic_category(), name);
        path_ = name;
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;
    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] path operator/(const char* name) const { return path_ / name; }
    [[nodiscard]] const path& where() const { return path_; }

private:
    path path_;
};

/// A descriptor of the test's own, apart from the library under test.
class own_descriptor {
public:
    explicit own_descriptor(int number) : number_(number) {}
    own_descriptor(const own_descriptor&) = delete;
    own_descriptor& operator=(const own_descriptor&) = delete;
    ~own_descriptor() { ::close(number_); }
    [[nodiscard]] int get() const { return number_; }

private:
    int number_;
};

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}
inline std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline void put(const path& where, std::string_view text) {
    std::ofstream(where, std::ios::binary) << text;
}
inline std::string get(const path& where) {
    std::ifstream file(where, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
inline std::vector<std::byte> pattern(std::size_t size, std::uint64_t seed) {
    std::vector<std::byte> bytes(size);
    std::uint64_t state = seed * 2654435761 + 1;
    for (std::byte& b : bytes) {
        state = state * 6364136223846793005 + 1442695040888963407;
        b = static_cast<std::byte>(state >> 56);
    }
    return bytes;
}
inline std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

inline fs::open_options reading() {
    return fs::open_options().read();
}
inline fs::open_options making() {
    return fs::open_options().read().write().create();
}

inline runtime_builder shards(unsigned count) {
    return runtime_builder().shards(count).ring_entries(16);
}
/// Runs `scenario`, a callable that returns a task, on shard 0.
template <class Scenario>
auto on_shards(unsigned count, Scenario scenario) {
    return run_with(shards(count), std::move(scenario));
}

}  // namespace spargio::fs_test
