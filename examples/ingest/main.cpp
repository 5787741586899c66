// ingest-server: takes files over many TCP connections at once and stores each durably under its
// name. PROTOCOL.md has the frames, README.md the tour.

#include <csignal>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "spargio/runtime/runtime.hpp"

#include "counters.hpp"
#include "exit_code.hpp"
#include "options.hpp"
#include "report.hpp"
#include "server.hpp"
#include "store.hpp"

namespace {

auto complain(const std::string& what, ingest::exit_code code) -> int {
    std::fprintf(stderr, "ingest-server: %s\n", what.c_str());
    return code;
}

auto serve(const ingest::options& chosen, ingest::store& where, ingest::counters& counted)
    -> spargio::task<int> {
    auto listener = spargio::tcp_listener::bind(chosen.listen);
    if (!listener) {
        co_return complain("cannot listen on " + to_string(chosen.listen) + ": " +
                               listener.error().message(),
                           ingest::exit_cannot_listen);
    }
    if (auto opened = co_await where.open_names(); !opened) {
        co_return complain("the store cannot be synced: " + opened.error().message(),
                           ingest::exit_bad_store);
    }
    auto address = listener->local_address().value_or(chosen.listen);
    std::printf("listening on %s, store %s, %zu shards\n", to_string(address).c_str(),
                where.directory().c_str(), counted.of_shard.size());
    std::fflush(stdout);
    ingest::server serving(std::move(*listener), chosen, where, counted);
    if (auto served = co_await serving.run(); !served) {
        co_return complain("stopped: " + served.error().message(), ingest::exit_failed);
    }
    co_return ingest::exit_ok;
}

}  // namespace

int main(int argc, char** argv) {
    auto chosen = ingest::parse_options(argc, argv);
    if (!chosen) {
        return chosen.error();
    }
    auto where = ingest::store::open(chosen->store);
    if (!where) {
        return complain(where.error(), ingest::exit_bad_store);
    }
    // Whoever read the first line may be gone when there is more to say: that ends nothing here.
    std::signal(SIGPIPE, SIG_IGN);
    spargio::runtime_builder builder;
    builder.thread_name("ingest").block_signals({SIGINT, SIGTERM});
    if (chosen->shards) {
        builder.shards(*chosen->shards);
    }
    auto runtime = builder.build();
    if (!runtime) {
        return complain(runtime.error().message, ingest::exit_no_runtime);
    }
    ingest::counters counted(runtime->shard_count());
    auto code = runtime->block_on(serve(*chosen, *where, counted));
    if (code == ingest::exit_ok) {
        ingest::print_report(counted, *runtime);
    }
    return code;
}
