#pragma once

namespace spargio::detail {

/// Tells the CPU that this thread spins on memory.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield" ::: "memory");
#endif
}

}  // namespace spargio::detail
