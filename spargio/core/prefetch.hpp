#pragma once

#include <cstdint>

namespace spargio::detail {

/// Has the CPU fetch the cache line at `address` and the next one, to be written, while it goes on.
/// What is read first and written then is asked of the CPU that has it twice, and lines one after
/// the other cost a wait each.
/// Limit: any address will do, null too; what is not mapped is passed over.
inline void prefetch_for_write(const void* address) noexcept {
#if defined(__x86_64__)
    // Compilers that have not been told of newer CPUs make a prefetch for reading of their builtin.
    asm volatile("prefetchw (%0)\n\t"
                 "prefetchw 64(%0)"
                 :
                 : "r"(address));
#else
    const auto first = reinterpret_cast<std::uintptr_t>(address);
    __builtin_prefetch(reinterpret_cast<const void*>(first), 1);
    __builtin_prefetch(reinterpret_cast<const void*>(first + 64), 1);
#endif
}

}  // namespace spargio::detail
