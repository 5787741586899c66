#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../core/has_feature.hpp"

namespace spargio::runtime_test {

/// Open descriptors of this process.
[[nodiscard]] std::size_t descriptors();
/// The names of this process's threads.
[[nodiscard]] std::vector<std::string> thread_names();
/// Whether the process comes to have `count` threads: one that was joined may still be listed for
/// a moment.
[[nodiscard]] bool threads_become(std::size_t count);

/// A program that the test executable is instead, when it is started by run_child().
struct child_program {
    child_program(std::string name, std::function<int()> main);
};
#define SPARGIO_CHILD_PROGRAM(name)                                                                \
    static int child_##name();                                                                     \
    static const ::spargio::runtime_test::child_program child_program_##name(#name, child_##name); \
    static int child_##name()

struct child_end {
    int status = -1;  ///< of exit; 1000 + the signal that killed it
    std::string out;
    std::string err;
};
/// Starts this executable anew as the child program `name`, with the environment changed, and waits
/// for its end.
[[nodiscard]] child_end
run_child(const std::string& name,
          const std::vector<std::pair<std::string, std::string>>& environment = {});

/// Runs `child` in a fork of this process, without exec, and waits. \return as child_end::status.
[[nodiscard]] int run_forked(const std::function<int()>& child);

}  // namespace spargio::runtime_test
