#pragma once

#include <cstdint>

namespace spargio {

/// What a thread has had of its CPU since it began, as the scheduler counts it.
struct cpu_times {
    std::uint64_t ran_ns = 0;     ///< up to its last sleep or tick
    std::uint64_t waited_ns = 0;  ///< ready to run, while others ran
};

}  // namespace spargio
