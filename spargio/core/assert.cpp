#include "spargio/core/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace spargio::detail {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "spargio: %s:%d: assertion failed: %s\n", file, line, condition);
    std::abort();
}

}  // namespace spargio::detail
