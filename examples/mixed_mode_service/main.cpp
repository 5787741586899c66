// mixed-mode-service: a front end of Boost.Asio hands requests over a boundary to spargio, which
// fans them out over its shards and answers within a deadline. README.md has the tour.

#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "spargio/boundary/channel.hpp"
#include "spargio/runtime/runtime.hpp"

#include "front_end.hpp"
#include "options.hpp"
#include "work.hpp"

namespace {

using namespace mixed_mode;

auto complain(const std::string& what, exit_code code) -> int {
    std::fprintf(stderr, "mixed-mode-service: %s\n", what.c_str());
    return code;
}

auto text_of(const asio::ip::tcp::endpoint& address) -> std::string {
    auto host = address.address().to_string();
    return (address.address().is_v6() ? "[" + host + "]" : host) + ":" +
           std::to_string(address.port());
}

/// Serves until it is told to end. The client's end of the channel is gone when this returns.
auto serve_clients(work_client client, const options& chosen, unsigned shards) -> int {
    front_end front(std::move(client), chosen.front, chosen.sessions);
    if (auto failed = front.listen(chosen.listen)) {
        return complain("cannot listen on " + text_of(chosen.listen) + ": " + failed.message(),
                        exit_cannot_listen);
    }
    std::printf("listening on %s, %u shards, %zu calls at once\n", text_of(front.address()).c_str(),
                shards, chosen.capacity);
    std::fflush(stdout);
    front.run([](std::size_t connections) {
        std::printf("stopping: %zu connections\n", connections);
        std::fflush(stdout);
    });
    return exit_ok;
}

}  // namespace

int main(int argc, char** argv) {
    auto chosen = parse_options(argc, argv);
    if (!chosen) {
        return chosen.error();
    }
    // Whoever read the first line may be gone when there is more to say: that ends nothing here.
    std::signal(SIGPIPE, SIG_IGN);
    spargio::runtime_builder builder;
    builder.thread_name("mixed");
    if (chosen->shards) {
        builder.shards(*chosen->shards);
    }
    auto runtime = builder.build();
    if (!runtime) {
        return complain(runtime.error().message, exit_no_runtime);
    }
    auto [client, server] = spargio::boundary::channel<question, answer>(chosen->capacity);
    auto working = runtime->handle().spawn(spargio::placement::pinned(0), serve(std::move(server)));
    if (!working) {
        return complain("cannot start: " + working.error().message(), exit_failed);
    }
    auto code = serve_clients(std::move(client), *chosen, runtime->shard_count());
    // With the last client gone the channel is closed: the server answers what is left and ends.
    working->wait();
    if (code == exit_ok) {
        std::printf("calls: %s", to_response(spargio::boundary::stats()).body.c_str());
    }
    return code;
}
