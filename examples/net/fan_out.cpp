// Asks many servers the same thing at once: a line there, a line back. The connections are spread
// over the shards; whose shard is busy is talked to by another.
#include "common/program.hpp"
#include "spargio/io/buf_reader.hpp"
#include "spargio/net/tcp_stream.hpp"
#include "spargio/time/timeout.hpp"

namespace {

struct options {
    std::chrono::milliseconds patience;
    std::string question;
    std::vector<spargio::socket_address> servers;
};

using answer = spargio::result<std::string>;

spargio::task<answer> converse(spargio::tcp_stream& server, const std::string& question) {
    auto asked = co_await server.write_all(std::as_bytes(std::span(question)));
    if (!asked) {
        co_return std::unexpected(asked.error());
    }
    spargio::buf_reader<spargio::tcp_stream&> reader(server);
    auto line = co_await reader.read_line();
    if (!line) {
        co_return std::unexpected(line.error());
    }
    if (!*line) {
        co_return std::unexpected(make_error_code(spargio::errc::end_of_stream));
    }
    co_return std::string(**line);
}

spargio::task<answer> ask(spargio::tcp_stream server, const options* chosen) {
    co_return co_await spargio::timeout(chosen->patience, converse(server, chosen->question));
}

/// Prints what a server said. \return whether it said anything
bool report(const spargio::socket_address& server, const answer& said) {
    const std::string name = to_string(server);
    if (!said) {
        // A connection that was not made in time was cancelled.
        const bool late = said.error() == std::errc::operation_canceled;
        program::complain(name, late ? "timed out" : said.error().message());
        return false;
    }
    std::printf("%s: %s\n", name.c_str(), said->c_str());
    return true;
}

spargio::task<int> ask_all(options chosen) {
    std::vector<spargio::connect_request> wanted;
    for (const auto& server : chosen.servers) {
        wanted.push_back({server, spargio::session_policy::round_robin()});
    }
    // In time or not, it tells of each what became of it.
    auto streams = co_await spargio::timeout(chosen.patience,
                                             spargio::tcp_stream::connect_many(std::move(wanted)));
    std::vector<spargio::result<spargio::join_handle<answer>>> sessions;
    for (auto& stream : *streams) {
        if (!stream) {
            sessions.push_back(std::unexpected(stream.error()));
            continue;
        }
        sessions.push_back(std::move(*stream).spawn_stealable_on_session(
            [&chosen](spargio::tcp_stream server) { return ask(std::move(server), &chosen); }));
    }
    bool all_answered = true;
    for (std::size_t i = 0; i < sessions.size(); ++i) {
        answer said;
        if (sessions[i]) {
            said = co_await std::move(*sessions[i]);
        } else {
            said = std::unexpected(sessions[i].error());
        }
        all_answered &= report(chosen.servers[i], said);
    }
    co_return all_answered ? program::exit_ok : program::exit_failed;
}

options read(const program::arguments& given) {
    options chosen{
        std::chrono::milliseconds(program::number(given[0], 1, 3'600'000)), given[1] + "\n", {}};
    for (std::size_t i = 2; i < given.size(); ++i) {
        chosen.servers.push_back(program::internet_address(given[i]));
    }
    return chosen;
}

}  // namespace

int main(int argc, char** argv) {
    return program::run<options>(
        argc, argv,
        {.usage = "fan_out PATIENCE_MS LINE ADDRESS:PORT...\n"
                  "Sends LINE to every server and prints the line each answers with. Connecting,\n"
                  "and again answering, may take PATIENCE_MS.",
         .least_arguments = 3,
         .most_arguments = 1000,
         .read = read,
         .work = ask_all});
}
