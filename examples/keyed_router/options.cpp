#include "options.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdio>
#include <limits>
#include <string>

#include "exit_code.hpp"

namespace keyed_router {
namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

/// The command line as typed; checked value by value, then turned into options.
struct command_line {
    std::string listen = "127.0.0.1:7379";
    unsigned shards = 0;
    unsigned max_clients = options{}.max_clients;
    std::size_t max_keys = 100'000'000;
    std::size_t max_memory_mb = 1024;
    std::size_t max_bulk_bytes = request_limits{}.max_bulk_bytes;
    std::size_t max_args = request_limits{}.max_args;
    std::size_t max_request_bytes = request_limits{}.max_request_bytes;
    std::size_t unsent_bytes = options{}.unsent_bytes;
    std::int64_t drain_ms = options{}.drain.count();
};

/// From 1 to all that can be counted, in plain digits: CLI11 would take 1e23 for the largest number
/// there is, and prints a range of its own as fractions.
auto any_count() -> CLI::Validator {
    constexpr auto most = std::numeric_limits<std::size_t>::max();
    const std::string range = "1 to " + std::to_string(most);
    return {[range](std::string& text) -> std::string {
                std::size_t count = 0;
                const auto* end = text.data() + text.size();
                const auto read = std::from_chars(text.data(), end, count);
                if (read.ec == std::errc() && read.ptr == end && !text.starts_with('0')) {
                    return {};
                }
                return "'" + text + "' is no whole number from " + range;
            },
            range};
}

auto describe(CLI::App& app, command_line& typed) -> CLI::Option* {
    app.add_option("--listen", typed.listen, "ADDRESS:PORT; port 0 takes a free one")
        ->capture_default_str();
    auto* shards = app.add_option("--shards", typed.shards, "worker threads; all CPUs unless told")
                       ->check(CLI::Range(1, 256));
    app.add_option("--max-clients", typed.max_clients, "more are told so and closed")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--max-keys", typed.max_keys, "of all shards; past it -OOM")
        ->check(any_count())
        ->capture_default_str();
    app.add_option("--max-memory-mb", typed.max_memory_mb, "of keys and values; past it -OOM")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 24))
        ->capture_default_str();
    app.add_option("--max-bulk-bytes", typed.max_bulk_bytes, "of one argument")
        ->check(CLI::Range(std::size_t{64}, 512 * mebibyte))
        ->capture_default_str();
    app.add_option("--max-args", typed.max_args, "of one request")
        ->check(CLI::Range(std::size_t{4}, mebibyte))
        ->capture_default_str();
    app.add_option("--max-request-bytes", typed.max_request_bytes, "all arguments of one request")
        ->check(CLI::Range(std::size_t{1024}, 1024 * mebibyte))
        ->capture_default_str();
    app.add_option("--max-unsent-bytes", typed.unsent_bytes,
                   "replies a client has not taken; with that many nothing more is read from it")
        ->check(CLI::Range(std::size_t{16 * 1024}, 1024 * mebibyte))
        ->capture_default_str();
    app.add_option("--drain-ms", typed.drain_ms, "what connections get to end after Ctrl-C")
        ->check(CLI::Range(0, 3'600'000))
        ->capture_default_str();
    return shards;
}

auto refuse(const std::string& why) -> std::unexpected<int> {
    std::fprintf(stderr, "keyed_router: %s (see --help)\n", why.c_str());
    return std::unexpected<int>(exit_bad_arguments);
}

}  // namespace

auto parse_options(int argc, char** argv) -> std::expected<options, int> {
    CLI::App app("A key-value server that speaks RESP2, its keys owned by shards; see README.md.");
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
    options chosen{
        .listen = *listen,
        .shards = {},
        .max_clients = typed.max_clients,
        .request = {.max_bulk_bytes = typed.max_bulk_bytes,
                    .max_args = typed.max_args,
                    .max_request_bytes = typed.max_request_bytes},
        .unsent_bytes = typed.unsent_bytes,
        .keys = {.max_keys = typed.max_keys, .max_bytes = typed.max_memory_mb * mebibyte},
        .drain = std::chrono::milliseconds(typed.drain_ms)};
    if (shards->count() > 0) {
        chosen.shards = typed.shards;
    }
    return chosen;
}

}  // namespace keyed_router
