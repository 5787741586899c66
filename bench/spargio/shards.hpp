#pragma once

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "bench/common/pin.hpp"
#include "spargio/core/result.hpp"
#include "spargio/runtime/runtime.hpp"

namespace bench::own {

/// A runtime with one shard on each CPU named, everything else by default.
inline auto build_shards(std::vector<unsigned> cpus, spargio::buffer_options buffers = {})
    -> spargio::runtime {
    spargio::runtime_builder builder;
    builder.shards(static_cast<unsigned>(cpus.size()))
        .affinity({cpus.begin(), cpus.end()})
        .receive_buffers(buffers);
    auto built = builder.build();
    if (!built)
        throw std::runtime_error("spargio: " + built.error().message);
    return std::move(*built);
}

/// Worker k on CPU k, wrapping round where there are fewer.
inline auto first_cpus(unsigned workers) -> std::vector<unsigned> {
    const unsigned count = std::max(1U, std::thread::hardware_concurrency());
    std::vector<unsigned> cpus;
    for (unsigned k = 0; k < workers; ++k)
        cpus.push_back(k % count);
    return cpus;
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
