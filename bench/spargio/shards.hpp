#pragma once

#include <stdexcept>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "bench/common/pin.hpp"
#include "spargio/core/result.hpp"
#include "spargio/runtime/runtime.hpp"

namespace bench::own {

/// A runtime with one shard on each CPU named, everything else by default.
inline auto build_shards(std::vector<unsigned> cpus) -> spargio::runtime {
    spargio::runtime_builder builder;
    builder.shards(static_cast<unsigned>(cpus.size())).affinity({cpus.begin(), cpus.end()});
    auto built = builder.build();
    if (!built)
        throw std::runtime_error("spargio: " + built.error().message);
    return std::move(*built);
}

inline void check(const spargio::result<void>& r) {
    if (!r)
        throw std::system_error(r.error());
}

template <class T>
requires(!std::is_void_v<T>) auto check(spargio::result<T>&& r) -> T {
    if (!r)
        throw std::system_error(r.error());
    return std::move(*r);
}

}  // namespace bench::own
