#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/common/mixing.hpp"
#include "bench/common/stream_shapes.hpp"
#include "bench/common/variant.hpp"

namespace bench {

/// The checksum of an iteration: of `connections`, which have `frames`, and of the counts.
template <class Connections>
auto stream_sum(const Connections& connections, std::uint64_t counts) -> std::uint64_t {
    std::uint64_t sum = counts;
    std::uint64_t number = 0;
    for (const auto& c : connections)
        sum = mix(sum ^ c.frames.sum(), number++);
    return sum;
}

/// Tells each of `connections` how many frames it has in a step.
template <class Connections>
void begin_step(Connections& connections, const stream_shape& shape, std::uint64_t step,
                std::uint64_t items) {
    std::uint64_t number = 0;
    for (auto& c : connections) {
        c.frames.begin(step, shape.frames(items, number, step));
        ++number;
    }
}

template <class Scenario, std::size_t... Which>
auto stream_entries_of(std::string_view variant, std::string_view waits, std::string_view pins,
                       std::string_view pins_of_two, std::index_sequence<Which...> /*unused*/)
    -> std::vector<entry> {
    return {entry{stream_shapes[Which].workload, variant, waits,
                  stream_shapes[Which].workers == 2 ? pins_of_two : pins,
                  [](const surroundings& s) -> std::unique_ptr<scenario> {
                      return std::make_unique<Scenario>(stream_shapes[Which], s);
                  }}...};
}

/// The entries of a variant whose `Scenario` is constructed from a stream_shape and surroundings.
template <class Scenario>
auto stream_entries_of(std::string_view variant, std::string_view waits, std::string_view pins,
                       std::string_view pins_of_two) -> std::vector<entry> {
    return stream_entries_of<Scenario>(variant, waits, pins, pins_of_two,
                                       std::make_index_sequence<stream_shapes.size()>());
}

}  // namespace bench
