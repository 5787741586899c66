#pragma once

// SPARGIO_ASSERT(condition): a programming error ends the program at the place where it shows.
// On in debug builds and wherever SPARGIO_ASSERTIONS is defined; off, the condition is not
// evaluated.

namespace spargio::detail {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;
}

#if !defined(NDEBUG) || defined(SPARGIO_ASSERTIONS)
#define SPARGIO_ASSERT(condition)                                                                  \
    ((condition) ? void(0) : ::spargio::detail::assertion_failed(#condition, __FILE__, __LINE__))
#else
#define SPARGIO_ASSERT(condition) ((void)sizeof((condition) ? 1 : 0))
#endif
