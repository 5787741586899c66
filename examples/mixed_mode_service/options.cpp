#include "options.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

namespace mixed_mode {
namespace {

/// The command line as typed; checked value by value, then turned into options.
struct command_line {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    unsigned shards = 0;
    std::size_t capacity = options{}.capacity;
    unsigned front_threads = front_limits{}.threads;
    unsigned max_connections = front_limits{}.max_connections;
    std::int64_t deadline_ms = session_limits{}.default_deadline.count();
    std::int64_t idle_ms = session_limits{}.idle.count();
    std::int64_t drain_ms = front_limits{}.drain.count();
};

auto describe(CLI::App& app, command_line& typed) -> CLI::Option* {
    constexpr std::int64_t one_hour_ms = 3600 * 1000;
    app.add_option("--address", typed.address, "IP address to listen on")->capture_default_str();
    app.add_option("--port", typed.port, "0 takes a free one")->capture_default_str();
    auto* shards = app.add_option("--shards", typed.shards, "worker threads; all CPUs unless told")
                       ->check(CLI::Range(1, 256));
    app.add_option("--capacity", typed.capacity, "calls at once; more are answered 503")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    app.add_option("--front-threads", typed.front_threads, "threads of the front end")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_option("--max-connections", typed.max_connections, "more wait until one leaves")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    app.add_option("--deadline-ms", typed.deadline_ms, "of a call that names none; then 504")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{longest_deadline.count()}))
        ->capture_default_str();
    app.add_option("--idle-ms", typed.idle_ms, "what a client gets to send a request")
        ->check(CLI::Range(std::int64_t{1}, one_hour_ms))
        ->capture_default_str();
    app.add_option("--drain-ms", typed.drain_ms, "what unfinished calls get after Ctrl-C")
        ->check(CLI::Range(std::int64_t{0}, one_hour_ms))
        ->capture_default_str();
    return shards;
}

auto refuse(const std::string& why) -> std::unexpected<int> {
    std::fprintf(stderr, "mixed-mode-service: %s (see --help)\n", why.c_str());
    return std::unexpected<int>(exit_bad_arguments);
}

}  // namespace

auto parse_options(int argc, char** argv) -> std::expected<options, int> {
    CLI::App app("Counts primes over HTTP: Boost.Asio in front, spargio behind.");
    command_line typed;
    auto* shards = describe(app, typed);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        std::fputs(app.help().c_str(), stdout);
        return std::unexpected<int>(exit_ok);
    } catch (const CLI::ParseError& error) {
        return refuse(error.what());
    }
    boost::system::error_code failed;
    auto address = asio::ip::make_address(typed.address, failed);
    if (failed) {
        return refuse("--address: '" + typed.address + "' is not an IP address");
    }
    options chosen;
    chosen.listen = {address, typed.port};
    chosen.capacity = typed.capacity;
    chosen.front = {.threads = typed.front_threads,
                    .max_connections = typed.max_connections,
                    .drain = std::chrono::milliseconds(typed.drain_ms)};
    chosen.sessions = {.default_deadline = std::chrono::milliseconds(typed.deadline_ms),
                       .idle = std::chrono::milliseconds(typed.idle_ms)};
    if (shards->count() > 0) {
        chosen.shards = typed.shards;
    }
    return chosen;
}

}  // namespace mixed_mode
