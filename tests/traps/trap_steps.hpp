#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spargio/core/result.hpp"

namespace spargio::trap_test {

/// SPARGIO_LONG asks for longer runs.
inline unsigned rounds(unsigned usual) {
    return std::getenv("SPARGIO_LONG") != nullptr ? 20 * usual : usual;
}

/// One descriptor of the test's own, apart from the library under test.
class own_descriptor {
public:
    own_descriptor() = default;
    explicit own_descriptor(int number) : number_(number) {}
    own_descriptor(own_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    own_descriptor& operator=(own_descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~own_descriptor() { close(); }
    void close() {
        if (number_ >= 0)
            ::close(std::exchange(number_, -1));
    }
    [[nodiscard]] int get() const { return number_; }

private:
    int number_ = -1;
};

inline std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

inline std::vector<std::byte> pattern(std::size_t size, std::uint64_t seed = 1) {
    std::vector<std::byte> bytes(size);
    std::uint64_t state = seed * 2654435761 + 1;
    for (std::byte& b : bytes) {
        state = state * 6364136223846793005 + 1442695040888963407;
        b = static_cast<std::byte>(state >> 56);
    }
    return bytes;
}

/// Everything up to the end of the stream.
inline std::vector<std::byte> read_to_end(int descriptor) {
    std::vector<std::byte> all;
    std::byte buffer[4096];
    for (;;) {
        const auto count = ::read(descriptor, buffer, sizeof buffer);
        if (count <= 0)
            return all;
        all.insert(all.end(), buffer, buffer + count);
    }
}

/// A directory of the test's own below the working directory, removed with everything in it.
class scratch_directory {
public:
    scratch_directory() {
        std::string name = (std::filesystem::current_path() / "trap-test-XXXXXX").string();
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
    [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

}  // namespace spargio::trap_test
