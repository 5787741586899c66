#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "net_steps.hpp"
#include "spargio/net/unix_listener.hpp"

namespace spargio::net_test {

/// A directory of the test's own, removed with everything in it.
class scratch_directory {
public:
    scratch_directory() {
        std::string name = "/tmp/spargio_net_XXXXXX";
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
    [[nodiscard]] std::string path(const char* name) const { return path_ + '/' + name; }
    [[nodiscard]] socket_address address(const char* name) const {
        return value_or_throw(socket_address::unix_path(path(name)));
    }

private:
    std::string path_;
};

/// An abstract name no other process has.
inline socket_address abstract_address(const char* name) {
    return value_or_throw(
        socket_address::unix_abstract("spargio_net_" + std::to_string(::getpid()) + "_" + name));
}

}  // namespace spargio::net_test
