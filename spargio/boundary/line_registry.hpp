#pragma once

#include <mutex>

#include "spargio/boundary/stats.hpp"
#include "spargio/core/linked_line.hpp"

namespace spargio::detail {

class call_line;

/// All lines of the process, for boundary::stats(). Thread: any; its lock is taken before a line's.
class line_registry {
public:
    /// Never destroyed: channels in static storage may end after everything else.
    static line_registry& instance();

    void add(call_line& fresh);
    /// Keeps what it counted.
    void remove(call_line& ending);
    [[nodiscard]] boundary::channel_stats stats();

private:
    std::mutex mutex_;
    linked_line<call_line> lines_;
    boundary::channel_stats of_the_gone_;
};

}  // namespace spargio::detail
