// Fetches a page by name: asks the name servers, connects to whichever address answers first, and
// copies what comes over HTTP to standard output. Ctrl-C ends it at once, wherever it is.
#include <CLI/CLI.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "companions/dns/connect.hpp"
#include "companions/signal/ctrl_c.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/time/timeout.hpp"

namespace {

namespace dns = spargio::dns;

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_bad_arguments = 2;
constexpr int exit_interrupted = 130;

struct options {
    std::string host;
    std::string service;
    std::string path = "/";
    std::vector<std::string> servers;
    std::string hosts_file = dns::resolver_options().hosts_file;
    unsigned timeout_ms = 10'000;
    bool system = false;
};

int complain(const std::string& what, const std::string& why) {
    std::fprintf(stderr, "resolve_connect: %s: %s\n", what.c_str(), why.c_str());
    return exit_failed;
}

spargio::result<dns::resolver> open_names(const options& chosen) {
    if (chosen.system) {
        return dns::resolver::open_system();
    }
    dns::resolver_options asking{.hosts_file = chosen.hosts_file};
    for (const std::string& server : chosen.servers) {
        asking.servers.push_back(value_or_throw(spargio::socket_address::parse(server)));
    }
    return dns::resolver::open(asking);
}

spargio::task<spargio::result<void>> fetch(spargio::tcp_stream& stream, const options& chosen) {
    const std::string request =
        "GET " + chosen.path + " HTTP/1.0\r\nHost: " + chosen.host + "\r\n\r\n";
    auto sent = co_await stream.write_all(std::as_bytes(std::span(request)));
    if (!sent) {
        co_return sent;
    }
    std::array<std::byte, 16'384> buffer;
    for (;;) {
        auto size = co_await stream.read_some(buffer);
        if (!size) {
            co_return std::unexpected(size.error());
        }
        if (*size == 0) {
            break;
        }
        if (std::fwrite(buffer.data(), 1, *size, stdout) != *size) {
            co_return spargio::failure(errno);
        }
    }
    if (std::fflush(stdout) != 0) {
        co_return spargio::failure(errno);
    }
    co_return spargio::result<void>{};
}

spargio::task<int> run(const options& chosen) {
    auto names = open_names(chosen);
    if (!names) {
        co_return complain("name servers", names.error().message());
    }
    auto limit = std::chrono::milliseconds(chosen.timeout_ms);
    auto stream = co_await timeout(limit, dns::connect(*names, chosen.host, chosen.service));
    if (!stream) {
        co_return complain(chosen.host + " " + chosen.service, stream.error().message());
    }
    auto peer = stream->peer_address();
    std::fprintf(stderr, "connected to %s\n", peer ? to_string(*peer).c_str() : "somebody");
    auto fetched = co_await timeout(limit, fetch(*stream, chosen));
    co_return fetched ? exit_ok : complain(chosen.host, fetched.error().message());
}

spargio::task<int> run_until_asked_to_end(const options& chosen) {
    auto ended = co_await when_any(run(chosen), spargio::signal::ctrl_c());
    if (ended.index() == 0) {
        co_return std::get<0>(ended);
    }
    auto asked = std::get<1>(ended);
    co_return asked ? exit_interrupted : complain("signals", asked.error().message());
}

std::string address_and_port(const std::string& text) {
    return spargio::socket_address::parse(text) ? "" : "'" + text + "' is not ADDRESS:PORT";
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Fetches a page from HOST, by whichever of its addresses answers first.");
    options chosen;
    app.add_option("host", chosen.host, "a name or an address")->required();
    app.add_option("service", chosen.service, "a port's number or name")->required();
    app.add_option("path", chosen.path, "what to ask for")->capture_default_str();
    auto* servers = app.add_option("--server", chosen.servers,
                                   "ADDRESS:PORT of a name server; several are asked in turn")
                        ->check(address_and_port)
                        ->expected(1, 8);
    app.add_option("--hosts", chosen.hosts_file, "the hosts file")->capture_default_str();
    app.add_option("--timeout-ms", chosen.timeout_ms, "to connect, and again to fetch")
        ->check(CLI::Range(1u, 3'600'000u))
        ->capture_default_str();
    app.add_flag("--system", chosen.system, "ask as the machine does: getaddrinfo(3)")
        ->excludes(servers);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        std::fputs(app.help().c_str(), stdout);
        return exit_ok;
    } catch (const CLI::ParseError& error) {
        std::fprintf(stderr, "resolve_connect: %s (see --help)\n", error.what());
        return exit_bad_arguments;
    }
    auto settings = spargio::runtime_builder().shards(1).block_signals({SIGINT, SIGTERM});
    try {
        return spargio::run_with(settings, [&] { return run_until_asked_to_end(chosen); });
    } catch (const std::exception& thrown) {
        return complain("cannot run", thrown.what());
    }
}
