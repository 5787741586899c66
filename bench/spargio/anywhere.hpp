#pragma once

#include "spargio/runtime/placement.hpp"

namespace bench::own {

/// Where the tasks of the fan-out and fork-join workloads are spawned.
inline constexpr spargio::placement anywhere = spargio::placement::stealable();

}  // namespace bench::own
