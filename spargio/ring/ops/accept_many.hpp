#pragma once

#include "spargio/ring/multishot_operation.hpp"

namespace spargio {

/// Accepts connection after connection, each an arrival with a descriptor that is closed on exec;
/// or, `once`, a single one.
/// Source: accept4(2), IORING_OP_ACCEPT with IORING_ACCEPT_MULTISHOT.
class accept_many_operation final : public multishot_operation {
public:
    accept_many_operation(int listener, arrival_sink& sink) noexcept
        : multishot_operation(kind, sink), listener_(listener) {}

    void set_once(bool once) noexcept { once_ = once; }

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"accept_many", prepare, true, take};

    int listener_;
    bool once_ = false;
};

}  // namespace spargio
