// oneTBB, for the workloads that fork and join.

#include "bench/tbb/scenarios.hpp"

auto main(int argc, char** argv) -> int {
    std::vector<bench::entry> all;
    for (const auto& part :
         {bench::tbb_peer::fan_out_entries(), bench::tbb_peer::fork_join_entries()})
        all.insert(all.end(), part.begin(), part.end());
    return bench::serve(argc, argv, all);
}
