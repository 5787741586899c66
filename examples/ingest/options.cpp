#include "options.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

#include "exit_code.hpp"

namespace ingest {
namespace {

/// The command line as typed; checked value by value, then turned into options.
struct command_line {
    std::string listen = "127.0.0.1:7070";
    std::string store;
    unsigned shards = 0;
    unsigned max_connections = 1024;
    std::uint64_t max_file_bytes = session_limits{}.max_file_bytes;
    std::size_t buffer_bytes = session_limits{}.buffer_bytes;
    std::int64_t idle_timeout_ms = session_limits{}.idle_timeout.count();
    std::int64_t drain_ms = options{}.drain.count();
};

auto describe(CLI::App& app, command_line& typed) -> CLI::Option* {
    constexpr std::int64_t one_day_ms = 24 * 3600 * 1000;
    app.add_option("--listen", typed.listen, "ADDRESS:PORT; port 0 takes a free one")
        ->capture_default_str();
    app.add_option("--store", typed.store, "an existing directory for the files")->required();
    auto* shards = app.add_option("--shards", typed.shards, "worker threads; all CPUs unless told")
                       ->check(CLI::Range(1, 256));
    app.add_option("--max-connections", typed.max_connections, "more are answered `busy`")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    app.add_option("--max-file-bytes", typed.max_file_bytes, "longer ones: `file_too_large`")
        ->capture_default_str();
    app.add_option("--buffer-bytes", typed.buffer_bytes, "receive buffer of a connection")
        ->check(CLI::Range(4096, 16 * 1024 * 1024))
        ->capture_default_str();
    app.add_option("--idle-timeout-ms", typed.idle_timeout_ms, "silence before `timed_out`")
        ->check(CLI::Range(std::int64_t{1}, one_day_ms))
        ->capture_default_str();
    app.add_option("--drain-ms", typed.drain_ms, "what unfinished files get after Ctrl-C")
        ->check(CLI::Range(std::int64_t{0}, one_day_ms))
        ->capture_default_str();
    return shards;
}

auto refuse(const std::string& why) -> std::unexpected<int> {
    std::fprintf(stderr, "ingest-server: %s (see --help)\n", why.c_str());
    return std::unexpected<int>(exit_bad_arguments);
}

}  // namespace

auto parse_options(int argc, char** argv) -> std::expected<options, int> {
    CLI::App app("Takes files over many TCP connections and stores them; see PROTOCOL.md.");
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
    auto listen = spargio::socket_address::parse(typed.listen);
    if (!listen) {
        return refuse("--listen: '" + typed.listen + "' is not ADDRESS:PORT");
    }
    options chosen{.listen = *listen,
                   .store = typed.store,
                   .shards = {},
                   .max_connections = typed.max_connections,
                   .drain = std::chrono::milliseconds(typed.drain_ms),
                   .limits = {.max_file_bytes = typed.max_file_bytes,
                              .buffer_bytes = typed.buffer_bytes,
                              .idle_timeout = std::chrono::milliseconds(typed.idle_timeout_ms)}};
    if (shards->count() > 0) {
        chosen.shards = typed.shards;
    }
    return chosen;
}

}  // namespace ingest
