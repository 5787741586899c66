#include "process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

namespace spargio::runtime_test {
namespace {

namespace fs = std::filesystem;

constexpr const char* which_variable = "SPARGIO_TEST_CHILD";

std::map<std::string, std::function<int()>>& programs() {
    static std::map<std::string, std::function<int()>> all;
    return all;
}

/// Before the first test: becomes a child program, if one was asked for.
class become_child final : public ::testing::Environment {
    void SetUp() override {
        const char* which = std::getenv(which_variable);
        if (which == nullptr)
            return;
        const std::string name = which;
        ::unsetenv(which_variable);
        const int status = programs().at(name)();
        std::fflush(nullptr);
        ::_exit(status);
    }
};
[[maybe_unused]] const auto* const registered = testing::AddGlobalTestEnvironment(new become_child);

int status_of(int waited) {
    return WIFEXITED(waited) ? WEXITSTATUS(waited) : 1000 + WTERMSIG(waited);
}

int wait_for(pid_t child) {
    int waited = 0;
    while (::waitpid(child, &waited, 0) < 0 && errno == EINTR) {
    }
    return status_of(waited);
}

std::string contents(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

child_program::child_program(std::string name, std::function<int()> main) {
    programs().emplace(std::move(name), std::move(main));
}

std::size_t descriptors() {
    std::size_t count = 0;
    for (const auto& each : fs::directory_iterator("/proc/self/fd")) {
        (void)each;
        ++count;
    }
    return count - 1;  // the directory's own
}

std::vector<std::string> thread_names() {
    // The thread sanitizer starts a thread of its own beside the program's first, and keeps it.
    [[maybe_unused]] static const bool one_was_started = [] {
        std::thread([] {}).join();
        return true;
    }();
    std::vector<std::string> names;
    for (const auto& task : fs::directory_iterator("/proc/self/task")) {
        std::ifstream file(task.path() / "comm");
        if (std::string name; std::getline(file, name))
            names.push_back(name);
    }
    return names;
}

bool threads_become(std::size_t count) {
    for (int look = 0; look < 100'000; ++look) {
        if (thread_names().size() == count)
            return true;
        std::this_thread::yield();
    }
    return false;
}

child_end run_child(const std::string& name,
                    const std::vector<std::pair<std::string, std::string>>& environment) {
    std::string folder = (fs::temp_directory_path() / "spargio-child-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr)
        return {};
    const std::string out = folder + "/out";
    const std::string err = folder + "/err";
    // All memory is taken before the fork: other threads of this process may hold any lock.
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable)
        variables.emplace_back(*variable);
    for (const auto& [key, value] : environment)
        variables.insert(variables.begin(), key + "=" + value);
    variables.push_back(std::string(which_variable) + "=" + name);
    std::vector<char*> variable_pointers;
    for (std::string& variable : variables)
        variable_pointers.push_back(variable.data());
    variable_pointers.push_back(nullptr);
    std::string program = "/proc/self/exe";
    std::array<char*, 2> arguments = {program.data(), nullptr};

    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
        ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
        ::execve(program.c_str(), arguments.data(), variable_pointers.data());
        ::_exit(127);
    }
    child_end end;
    end.status = wait_for(child);
    end.out = contents(out);
    end.err = contents(err);
    fs::remove_all(folder);
    return end;
}

int run_forked(const std::function<int()>& child) {
    const pid_t forked = ::fork();
    if (forked == 0)
        ::_exit(child());
    return wait_for(forked);
}

}  // namespace spargio::runtime_test
