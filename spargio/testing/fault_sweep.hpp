#pragma once

#include <concepts>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::testing {

/// Runs `scenario` again and again, each time under a new simulated kernel and with a fault at
/// point 0, 1, 2, ..., until a run ends without meeting its fault: then every fault has been seen
/// in every place. The scenario must hold whatever happens: an operation may fail, nothing may
/// hang, leak or come out wrong. What kernel.describe() says belongs into its failure messages.
/// \param options the kernel's, but for the faults. The seed stays the same, so that runs differ by
///        their fault alone.
/// \return the number of runs in which a fault was hit.
template <std::invocable<simulated_kernel&> Scenario>
std::uint64_t fault_sweep(Scenario&& scenario, simulated_options options = {}) {
    constexpr std::uint64_t limit = 1'000'000;
    for (std::uint64_t point = 0; point < limit; ++point) {
        options.faults = fault_plan(point);
        simulated_kernel kernel(options);
        scenario(kernel);
        if (!kernel.fault_hit())
            return point;
    }
    std::fprintf(stderr, "spargio: fault sweep: the scenario has no end\n");
    std::abort();
}

}  // namespace spargio::testing
