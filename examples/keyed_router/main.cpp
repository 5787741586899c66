// keyed_router: a key-value server whose keys are owned by shards, for clients of Redis. README.md
// has the tour.

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include "spargio/runtime/runtime.hpp"

#include "exit_code.hpp"
#include "options.hpp"
#include "partition.hpp"
#include "server.hpp"

namespace {

auto complain(const std::string& what, keyed_router::exit_code code) -> int {
    std::fprintf(stderr, "keyed_router: %s\n", what.c_str());
    return code;
}

auto serve(const keyed_router::options& chosen, keyed_router::keyspace& keys)
    -> spargio::task<int> {
    auto listener = spargio::tcp_listener::bind(chosen.listen);
    if (!listener) {
        co_return complain("cannot listen on " + to_string(chosen.listen) + ": " +
                               listener.error().message(),
                           keyed_router::exit_cannot_listen);
    }
    auto address = listener->local_address().value_or(chosen.listen);
    std::printf("listening on %s, %u shards\n", to_string(address).c_str(), keys.shards());
    std::fflush(stdout);
    keyed_router::server serving(std::move(*listener), chosen, keys);
    if (auto served = co_await serving.run(); !served) {
        co_return complain("stopped: " + served.error().message(), keyed_router::exit_failed);
    }
    co_return keyed_router::exit_ok;
}

}  // namespace

int main(int argc, char** argv) {
    auto chosen = keyed_router::parse_options(argc, argv);
    if (!chosen) {
        return chosen.error();
    }
    spargio::runtime_builder builder;
    builder.thread_name("router").block_signals({SIGINT, SIGTERM});
    if (chosen->shards) {
        builder.shards(*chosen->shards);
    }
    auto runtime = builder.build();
    if (!runtime) {
        return complain(runtime.error().message, keyed_router::exit_no_runtime);
    }
    const unsigned shards = runtime->shard_count();
    keyed_router::keyspace keys(shards, {.max_keys = (chosen->keys.max_keys - 1) / shards + 1,
                                         .max_bytes = chosen->keys.max_bytes / shards});
    const int code = runtime->block_on(serve(*chosen, keys));
    // Sweeps may still be under way, and the keys are younger than the runtime.
    (void)runtime->shutdown_blocking();
    return code;
}
