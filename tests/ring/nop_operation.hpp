#pragma once

#include <liburing.h>

#include "spargio/ring/operation.hpp"

namespace spargio::ring_test {

/// Nothing, done by the kernel; remembers when its request was filled in last.
class nop_operation final : public operation {
public:
    nop_operation() noexcept : operation(kind) {}

    static inline unsigned prepared = 0;
    mutable unsigned place = 0;

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept {
        static_cast<const nop_operation&>(self).place = ++prepared;
        io_uring_prep_nop(&request);
    }
    static constexpr operation_type kind{"nop", prepare};
};

}  // namespace spargio::ring_test
