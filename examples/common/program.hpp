#pragma once

#include <charconv>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "companions/signal/ctrl_c.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/net/socket_address.hpp"
#include "spargio/runtime/run.hpp"

/// What the small programs have in common: how they read their arguments, what they say about bad
/// ones, and how Ctrl-C ends them.
namespace program {

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_bad_arguments = 2;
constexpr int exit_interrupted = 130;

/// An argument that cannot be understood; what() says why.
struct bad_argument : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using arguments = std::vector<std::string>;

/// A whole number from `least` to `most`.
inline unsigned long number(const std::string& text, unsigned long least, unsigned long most) {
    unsigned long value = 0;
    const char* end = text.data() + text.size();
    auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped != end || value < least || value > most) {
        throw bad_argument("'" + text + "' is not a number from " + std::to_string(least) + " to " +
                           std::to_string(most));
    }
    return value;
}

/// ADDRESS:PORT, with an address rather than a name.
inline spargio::socket_address internet_address(const std::string& text) {
    auto address = spargio::socket_address::parse(text);
    if (!address || address->family() == AF_UNIX) {
        throw bad_argument("'" + text + "' is not ADDRESS:PORT");
    }
    return *address;
}

/// The path of a Unix socket.
inline spargio::socket_address unix_address(const std::string& text) {
    auto address = spargio::socket_address::unix_path(text);
    if (!address) {
        throw bad_argument("'" + text + "' is no path of a socket: " + address.error().message());
    }
    return *address;
}

/// Says on standard error what failed and why. \return the exit status for it
inline int complain(const std::string& what, const std::string& why) {
    std::fprintf(stderr, "%s: %s\n", what.c_str(), why.c_str());
    return exit_failed;
}

/// What a program is made of.
template <class Options>
struct parts {
    const char* usage;  ///< its name, its arguments, and from the second line on what it does
    std::size_t least_arguments;
    std::size_t most_arguments;
    Options (*read)(const arguments&);  ///< throws bad_argument
    spargio::task<int> (*work)(Options);
    /// The status when Ctrl-C ended it: exit_ok for a server, which nothing else ends.
    int interrupted = exit_interrupted;
    spargio::runtime_builder runtime = {};
};

/// Ends with `work`, or with Ctrl-C, which asks it to stop and waits until it has.
inline spargio::task<int> until_interrupted(spargio::task<int> work, int interrupted) {
    auto ended = co_await when_any(std::move(work), spargio::signal::ctrl_c());
    if (ended.index() == 0) {
        co_return std::get<0>(ended);
    }
    auto asked = std::get<1>(ended);
    co_return asked ? interrupted : complain("signals", asked.error().message());
}

/// main() of a program: reads the arguments, then works until it is done or Ctrl-C comes.
template <class Options>
int run(int argc, char** argv, parts<Options> what) {
    const arguments given(argv + 1, argv + argc);
    if (given == arguments{"--help"} || given == arguments{"-h"}) {
        std::printf("%s\n", what.usage);
        return exit_ok;
    }
    const std::string usage(what.usage);
    const std::string call = usage.substr(0, usage.find('\n'));
    // Whoever read the output may be gone: that ends a write, and not the program in the midst.
    std::signal(SIGPIPE, SIG_IGN);
    what.runtime.block_signals({SIGINT, SIGTERM});
    try {
        if (given.size() < what.least_arguments || given.size() > what.most_arguments) {
            throw bad_argument(given.size() < what.least_arguments ? "too few arguments"
                                                                   : "too many arguments");
        }
        Options chosen = what.read(given);
        int status = spargio::run_with(what.runtime, [&] {
            return until_interrupted(what.work(std::move(chosen)), what.interrupted);
        });
        // What did not reach the output is no success.
        if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
            return complain("standard output", "not all was written");
        }
        return status;
    } catch (const bad_argument& bad) {
        std::fprintf(stderr, "%s\nusage: %s\n", bad.what(), call.c_str());
        return exit_bad_arguments;
    } catch (const std::exception& thrown) {
        return complain(call.substr(0, call.find(' ')), thrown.what());
    }
}

}  // namespace program
