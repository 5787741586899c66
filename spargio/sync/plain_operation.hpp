#pragma once

#include <cerrno>

#include "spargio/core/result.hpp"
#include "spargio/sync/wait_line.hpp"

namespace spargio::detail {

/// What the operations share that yield nothing: a place in a line, and whether it was reached.
/// Thread: as line_operation says.
class plain_operation {
public:
    void collect() noexcept { node_.promised = false; }
    [[nodiscard]] bool promised() const noexcept { return node_.promised; }
    static result<void> finish(bool done) noexcept {
        if (!done)
            return failure(ECANCELED);
        return {};
    }

protected:
    line_node node_;
};

}  // namespace spargio::detail
