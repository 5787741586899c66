#pragma once

#include <cstdint>

#include "bench/common/mixing.hpp"

namespace bench {

// spawn_join_1m: a request is a batch of tasks that are all spawned and then all joined.
inline constexpr unsigned batch_tasks = 1'000;

/// All that a spawned task does.
constexpr auto spawned_value(std::uint64_t seed, unsigned task) -> std::uint64_t {
    return mix(seed, task);
}

// yield_1m: `items` tasks, half of them on each worker where the variant decides that.
inline constexpr unsigned yields_a_task = 1'000;

/// What the tasks answered, folded in their order.
template <class Results>
constexpr auto fold(const Results& results) -> std::uint64_t {
    std::uint64_t sum = 0;
    std::uint64_t k = 0;
    for (const std::uint64_t result : results)
        sum = mix(sum ^ result, k++);
    return sum;
}

}  // namespace bench
