#include "spargio/runtime/run.hpp"

namespace spargio::detail {

runtime build_or_throw(const runtime_builder& builder) {
    auto built = builder.build();
    if (!built)
        throw std::system_error(built.error().code, built.error().message);
    return *std::move(built);
}

int report_failed_start(const char* program, const error& why) noexcept {
    std::fprintf(stderr, "%s: cannot start: %s\n", program, why.message.c_str());
    return 1;
}

}  // namespace spargio::detail
