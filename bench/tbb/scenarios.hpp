#pragma once

#include <vector>

#include "bench/common/variant.hpp"

namespace bench::tbb_peer {

auto fan_out_entries() -> std::vector<entry>;
auto fork_join_entries() -> std::vector<entry>;

inline constexpr std::string_view waits =
    "looks for work while it waits; a worker without any spins and yields for a while, then "
    "blocks in a futex";

}  // namespace bench::tbb_peer
