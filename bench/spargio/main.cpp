// spargio's own end of the benchmarks.

#include "bench/spargio/scenarios.hpp"

auto main(int argc, char** argv) -> int {
    std::vector<bench::entry> all;
    for (const auto& part : {bench::own::ping_pong_entries(), bench::own::echo_entries(),
                             bench::own::stream_entries(), bench::own::datagram_entries(),
                             bench::own::timer_storm_entries(), bench::own::watchdogs_entries(),
                             bench::own::fs_read_entries(), bench::own::fan_out_entries(),
                             bench::own::fork_join_entries(), bench::own::many_tasks_entries(),
                             bench::own::serve_entries(), bench::own::channel_entries(),
                             bench::own::cross_call_entries(), bench::own::one_way_entries()})
        all.insert(all.end(), part.begin(), part.end());
    return bench::serve(argc, argv, all);
}
