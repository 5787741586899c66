#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Ends one or both directions of a connection. Never waits.
/// Source: shutdown(2), IORING_OP_SHUTDOWN.
class shutdown_operation final : public operation {
public:
    shutdown_operation(int descriptor, int how) noexcept
        : operation(kind), descriptor_(descriptor), how_(how) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{.name = "shutdown", .prepare = prepare, .at_once = true};

    int descriptor_;
    int how_;
};

}  // namespace spargio
