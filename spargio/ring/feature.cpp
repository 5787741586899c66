#include "spargio/ring/feature.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace spargio {
namespace {

constexpr std::array<std::string_view, feature_count> names = {
    "cooperative_taskrun", "deferred_taskrun", "message_ring",        "register_message",
    "registered_ring",     "attempt_first",    "multishot_accept",    "provided_buffers",
    "multishot_receive",   "bundled_receive",  "incremental_buffers", "zero_copy_send"};

feature_set parse_disabled(std::string_view text) {
    feature_set set;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view name = text.substr(0, comma);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
        if (name.empty())
            continue;
        bool known = false;
        for (unsigned i = 0; i < feature_count; ++i) {
            if (names[i] != name)
                continue;
            set.add(static_cast<feature>(i));
            known = true;
        }
        if (!known) {
            std::fprintf(stderr, "spargio: SPARGIO_DISABLE names no feature '%.*s'\n",
                         static_cast<int>(name.size()), name.data());
        }
    }
    return set;
}

}  // namespace

std::string_view to_string(feature which) noexcept {
    return names[static_cast<unsigned>(which)];
}

std::string to_string(feature_set set) {
    std::string text;
    for (unsigned i = 0; i < feature_count; ++i) {
        if (!set.has(static_cast<feature>(i)))
            continue;
        if (!text.empty())
            text += ", ";
        text += names[i];
    }
    return text.empty() ? "none" : text;
}

feature_set features_disabled_by_environment() {
    static const feature_set set = [] {
        const char* value = std::getenv("SPARGIO_DISABLE");
        return value == nullptr ? feature_set{} : parse_disabled(value);
    }();
    return set;
}

}  // namespace spargio
