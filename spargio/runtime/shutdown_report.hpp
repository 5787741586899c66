#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spargio {

/// A task that was still alive when a shutdown's deadline passed.
struct survivor {
    std::uint64_t id = 0;
    std::string name;
    unsigned shard = 0;
};

/// How a shutdown went.
struct shutdown_report {
    std::vector<survivor> survivors;

    [[nodiscard]] bool clean() const noexcept { return survivors.empty(); }
};

/// One sentence that names the survivors.
[[nodiscard]] std::string to_string(const shutdown_report& report);

}  // namespace spargio
