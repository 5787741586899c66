// The load generator of the server-side workloads: one thread, plain epoll, the same for every
// variant, in a process of its own that the scheduler puts where it wants.
//
//   bench_load MODE NAME=NUMBER...      MODE: closed, open or churn; NAME as in bench/peer/load.hpp
//
// Prints one JSON line as the variants do, but for the CPU time, which is the server's.

#include "bench/peer/load.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "bench/common/json_line.hpp"

namespace {

using bench::load::options;

auto parse(int argc, char** argv) -> options {
    std::map<std::string, std::uint64_t> given;
    for (int i = 2; i < argc; ++i) {
        const std::string word = argv[i];
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos)
            throw std::invalid_argument("not NAME=NUMBER: " + word);
        given[word.substr(0, equals)] = std::stoull(word.substr(equals + 1));
    }
    options o;
    const auto take = [&given](const char* name, auto& into) {
        if (const auto node = given.extract(name))
            into = static_cast<std::remove_reference_t<decltype(into)>>(node.mapped());
    };
    take("port", o.port);
    take("connections", o.connections);
    take("count", o.count);
    take("seed", o.seed);
    take("duration_ms", o.duration_ms);
    take("rate", o.rate);
    take("stall_us", o.stall_us);
    take("stuck_percent", o.stuck_percent);
    take("workers", o.workers);
    take("short_requests", o.short_requests);
    take("long_requests", o.long_requests);
    if (!given.empty())
        throw std::invalid_argument("no such option: " + given.begin()->first);
    return o;
}

auto measure(const std::string& mode, const options& o) -> bench::load::tally {
    if (mode == "closed")
        return bench::load::closed(o);
    if (mode == "churn")
        return bench::load::churn(o);
    if (mode != "open")
        throw std::invalid_argument("modes: closed, open, churn");
    // Requests have to leave in time also while both CPUs are stuck in stalls: the generator goes
    // before the servers if it may. Its own timers are not coalesced.
    prctl(PR_SET_TIMERSLACK, 1UL);
    const sched_param before_servers{.sched_priority = 2};
    const bool punctual = sched_setscheduler(0, SCHED_FIFO, &before_servers) == 0;
    auto measured = bench::load::open(o);
    measured.punctual = punctual;
    return measured;
}

template <class Counts>
void print_counts(const char* name, const Counts& counts) {
    std::printf(",\"%s\":[", name);
    const char* comma = "";
    for (const std::uint64_t n : counts) {
        if (n != 0) {
            std::printf("%s%" PRIu64, comma, n);
            comma = ",";
        }
    }
    std::printf("]");
}

void print(const bench::load::tally& t) {
    std::printf(R"({"iterations":%)" PRIu64 R"(,"ns":%.1f,"elapsed_ns":%)" PRIu64
                R"(,"checksum":%)" PRIu64,
                t.iterations, static_cast<double>(t.total_ns) / static_cast<double>(t.iterations),
                t.elapsed_ns, t.checksum);
    print_counts("requests_by_worker", t.requests_by);
    print_counts("connections_by_worker", t.connections_by);
    std::printf(",\"punctual\":%s,\"late\":{", t.punctual ? "true" : "false");
    bench::print_buckets(t.lateness);
    std::printf("},");
    bench::print_buckets(t.latencies);
    std::printf("}\n");
}

}  // namespace

auto main(int argc, char** argv) -> int {
    alarm(60);  // whatever a server does, a sample ends
    try {
        if (argc < 2)
            throw std::invalid_argument("usage: bench_load MODE NAME=NUMBER...");
        print(measure(argv[1], parse(argc, argv)));
        return 0;
    } catch (const std::exception& e) {
        bench::print_error(e.what());
        return 1;
    }
}
