#pragma once

#include <vector>

#include "bench/common/variant.hpp"

namespace bench::limit {

auto ping_pong_entries() -> std::vector<entry>;
auto cross_call_entries() -> std::vector<entry>;
auto one_way_entries() -> std::vector<entry>;
auto cold_start_entries() -> std::vector<entry>;
auto echo_entries() -> std::vector<entry>;
auto stream_entries() -> std::vector<entry>;
auto datagram_entries() -> std::vector<entry>;
auto fs_read_entries() -> std::vector<entry>;
auto fan_out_entries() -> std::vector<entry>;
auto fork_join_entries() -> std::vector<entry>;
auto timer_storm_entries() -> std::vector<entry>;
auto watchdogs_entries() -> std::vector<entry>;
auto channel_entries() -> std::vector<entry>;
auto serve_entries() -> std::vector<entry>;

}  // namespace bench::limit
