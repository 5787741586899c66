// ingest-client: a plain client of the ingest server, on threads and blocking sockets. It shares
// no code with the server, so that a mistake made there is not made here too.

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "misbehave.hpp"
#include "upload.hpp"
#include "verify.hpp"

namespace {

using namespace ingest_client;

struct options {
    std::string server = "127.0.0.1:7070";
    unsigned connections = 8;
    selection bounds;
    std::string store;
    bool no_send = false;
    std::string manifest;
    std::string misbehaviour;
    std::string list;
    std::vector<std::filesystem::path> paths;
};

void describe(CLI::App& app, options& chosen) {
    app.add_option("--server", chosen.server, "ADDRESS:PORT of the server")->capture_default_str();
    app.add_option("--connections", chosen.connections, "connections, a thread each")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    app.add_option("--max-files", chosen.bounds.max_files, "send no more files than this");
    app.add_option("--max-bytes", chosen.bounds.max_bytes, "send no more bytes than this");
    app.add_option("--max-file-bytes", chosen.bounds.max_file_bytes, "skip larger files")
        ->capture_default_str();
    auto* store = app.add_option("--verify", chosen.store,
                                 "the server's store: read every file back, compare")
                      ->check(CLI::ExistingDirectory);
    app.add_flag("--no-send", chosen.no_send, "only compare, nothing is sent")->needs(store);
    app.add_option("--manifest", chosen.manifest, "write checksums for sha256sum --check");
    auto* wrong = app.add_option("--misbehave", chosen.misbehaviour,
                                 "break the protocol on one connection, print the answer")
                      ->check(CLI::IsMember(misbehaviours()));
    app.add_option("--files-from", chosen.list, "a file with more paths, one a line")
        ->check(CLI::ExistingFile);
    app.add_option("paths", chosen.paths, "files, and directories to send with all below")
        ->check(CLI::ExistingPath)
        ->excludes(wrong);
}

void add_lines(const std::string& list, std::vector<std::filesystem::path>& paths) {
    std::ifstream lines(list);
    for (std::string line; std::getline(lines, line);) {
        paths.emplace_back(line);
    }
}

void print_upload(const upload_report& report, unsigned connections) {
    auto sent = report.latencies_ms.size();
    auto megabytes = static_cast<double>(report.bytes) / 1e6;
    std::printf("sent        %zu files, %.1f MB, %u connections, %.2f s\n", sent, megabytes,
                connections, report.seconds);
    std::printf("rate        %.0f files/s, %.1f MB/s\n", static_cast<double>(sent) / report.seconds,
                megabytes / report.seconds);
    std::printf("latency ms  p50 %.2f  p90 %.2f  p99 %.2f  p99.9 %.2f  max %.2f\n",
                report.latency_at(0.5), report.latency_at(0.9), report.latency_at(0.99),
                report.latency_at(0.999), report.latency_at(1));
    std::printf("answers     %zu checksums match, %zu failures\n", report.stored.size(),
                report.failures.size());
}

void print_some(const std::vector<std::string>& lines) {
    constexpr std::size_t enough = 20;
    for (std::size_t i = 0; i < lines.size() && i < enough; ++i) {
        std::fprintf(stderr, "ingest-client: %s\n", lines[i].c_str());
    }
    if (lines.size() > enough) {
        std::fprintf(stderr, "ingest-client: ... and %zu more\n", lines.size() - enough);
    }
}

auto run(const options& chosen) -> int {
    auto server = parse_endpoint(chosen.server);
    if (!chosen.misbehaviour.empty()) {
        std::printf("%s: %s\n", chosen.misbehaviour.c_str(),
                    misbehave(server, chosen.misbehaviour).c_str());
        return 0;
    }
    auto paths = chosen.paths;
    if (!chosen.list.empty()) {
        add_lines(chosen.list, paths);
    }
    auto files = collect(paths, chosen.bounds);
    if (files.empty()) {
        std::fprintf(stderr, "ingest-client: nothing to send\n");
        return 1;
    }
    upload_report report;
    if (chosen.no_send) {
        report.stored = as_if_stored(files);
    } else {
        report = upload(server, files, chosen.connections);
        print_upload(report, chosen.connections);
        print_some(report.failures);
    }
    if (!chosen.manifest.empty()) {
        write_manifest(chosen.manifest, report.stored);
    }
    auto complete = report.failures.empty() && report.stored.size() == files.size();
    if (!chosen.store.empty()) {
        auto differences = verify(chosen.store, report.stored);
        std::printf("read back   %zu files compared, %zu differences\n", report.stored.size(),
                    differences.size());
        print_some(differences);
        complete = complete && differences.empty();
    }
    return complete ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Sends files to an ingest server and checks every answer.");
    options chosen;
    describe(app, chosen);
    CLI11_PARSE(app, argc, argv);
    try {
        return run(chosen);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ingest-client: %s\n", error.what());
        return 1;
    }
}
