// The physical floor of each workload: bare liburing, threads and shared memory, every trick.

#include "bench/limit/scenarios.hpp"

auto main(int argc, char** argv) -> int {
    std::vector<bench::entry> all;
    for (const auto& part : {bench::limit::ping_pong_entries(), bench::limit::cold_start_entries(),
                             bench::limit::echo_entries(), bench::limit::stream_entries(),
                             bench::limit::datagram_entries(), bench::limit::fs_read_entries(),
                             bench::limit::fan_out_entries(), bench::limit::fork_join_entries(),
                             bench::limit::timer_storm_entries(), bench::limit::watchdogs_entries(),
                             bench::limit::serve_entries(), bench::limit::channel_entries(),
                             bench::limit::cross_call_entries(), bench::limit::one_way_entries()})
        all.insert(all.end(), part.begin(), part.end());
    return bench::serve(argc, argv, all);
}
