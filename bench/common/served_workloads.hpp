#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "bench/common/variant.hpp"

namespace bench {

/// The server-side workloads: one server does them all, what differs is the load.
inline constexpr std::array<std::string_view, 7> served_workloads = {
    "echo_connections_64b_c1",    "echo_connections_64b_c64", "echo_connections_64b_c256",
    "echo_connections_64b_c1024", "echo_stalls_64b_1ms",      "echo_stalls_64b_10ms",
    "accept_connect_churn_skewed"};

/// A row for each of them. `row.workload` is ignored.
inline void add_served(std::vector<entry>& to, entry row) {
    for (const std::string_view name : served_workloads) {
        row.workload = name;
        to.push_back(row);
    }
}

}  // namespace bench
