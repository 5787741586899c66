#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/common/mixing.hpp"
#include "bench/common/variant.hpp"

namespace bench {

/// What the fan-out workloads differ in. Every request is 16 branches that any worker may run.
struct fan_shape {
    std::string_view workload;
    unsigned workers;
    unsigned chains;  ///< requests at a time
    std::uint64_t steps;
    std::uint64_t hot_steps;  ///< of branch `request % 16`

    static constexpr unsigned branches = 16;
    [[nodiscard]] constexpr auto steps_of(std::uint64_t request, unsigned branch) const
        -> std::uint64_t {
        return branch == request % branches ? hot_steps : steps;
    }
};

inline constexpr std::array<fan_shape, 6> fan_shapes{{
    {"fanout_fanin_balanced", 2, 1, 2'000, 2'000},
    {"fanout_fanin_balanced_w4", 4, 1, 2'000, 2'000},
    {"fanout_fanin_skewed", 2, 1, 500, 20'000},
    {"fanout_fanin_tiny", 2, 1, 100, 100},
    {"fanout_fanin_tiny_c8", 2, 8, 100, 100},
    {"fanout_fanin_hotkey_rotation", 2, 8, 200, 5'000},
}};

using fan_results = std::array<std::uint64_t, fan_shape::branches>;

/// The work of one branch: a chain of multiplications. Never inlined, so that no variant's compiler
/// overlaps two branches on one CPU.
[[gnu::noinline]] inline auto fan_branch(std::uint64_t seed, unsigned branch, std::uint64_t steps)
    -> std::uint64_t {
    std::uint64_t x = mix(seed, ~std::uint64_t{branch});
    for (std::uint64_t i = 0; i < steps; ++i)
        x = mix(x, i);
    return x;
}

/// How one variant does them: constructed from the shape.
template <class Scenario, std::size_t... Which>
auto fan_entries(std::string_view variant, std::string_view waits, std::string_view pins,
                 std::string_view pins_of_four, std::index_sequence<Which...> /*unused*/)
    -> std::vector<entry> {
    return {entry{fan_shapes[Which].workload, variant, waits,
                  fan_shapes[Which].workers == 4 ? pins_of_four : pins,
                  [](const surroundings& /*unused*/) -> std::unique_ptr<scenario> {
                      return std::make_unique<Scenario>(fan_shapes[Which]);
                  }}...};
}

/// The entries of a variant whose `Scenario` is constructed from a fan_shape.
template <class Scenario>
auto fan_entries(std::string_view variant, std::string_view waits, std::string_view pins,
                 std::string_view pins_of_four) -> std::vector<entry> {
    return fan_entries<Scenario>(variant, waits, pins, pins_of_four,
                                 std::make_index_sequence<fan_shapes.size()>());
}

}  // namespace bench
