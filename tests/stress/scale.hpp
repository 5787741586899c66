#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace spargio::stress {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

/// How often to do something: `usual` times, a tenth of it under a sanitizer, and N hundred times
/// as often with SPARGIO_LONG=N.
inline std::uint64_t times(std::uint64_t usual) {
    const char* asked = std::getenv("SPARGIO_LONG");
    const std::uint64_t hundreds = asked != nullptr ? std::strtoull(asked, nullptr, 10) : 0;
    return usual * (hundreds != 0 ? 100 * hundreds : 1) / (sanitized ? 10 : 1);
}

/// A million with SPARGIO_LONG, a tenth of that otherwise: for what is there at the same time.
inline std::size_t up_to_a_million() {
    return std::getenv("SPARGIO_LONG") != nullptr ? 1'000'000 : 100'000;
}

}  // namespace spargio::stress
