#include "spargio/runtime/run.hpp"

#include <cstdio>

namespace spargio::detail {

runtime build_or_throw(const runtime_builder& builder) {
    auto built = builder.build();
    if (!built)
        throw std::system_error(built.error().code, built.error().message);
    return *std::move(built);
}

int report_failure(int argc, char** argv, const char* what, const char* why) noexcept {
    std::fprintf(stderr, "%s: %s: %s\n", argc > 0 ? argv[0] : "spargio", what, why);
    return 1;
}

}  // namespace spargio::detail
