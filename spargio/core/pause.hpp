#pragma once

#include <thread>

namespace spargio::detail {

/// Tells the CPU that this thread spins on memory.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield" ::: "memory");
#endif
}

/// Pauses so often, and does not read ahead: a CPU that guesses that the loop is over would fetch,
/// again and again, the very memory that its reader means to leave to others for so long.
inline void pause_for(int times) noexcept {
    for (int k = 0; k != times; ++k)
        pause();
#if defined(__x86_64__)
    asm volatile("lfence" ::: "memory");
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#endif
}

/// Waits for another thread by looking again and again: a few times on the CPU, in case that thread
/// runs; then giving the CPU away, in case it needs this one.
class backoff {
public:
    void wait() noexcept {
        if (looks_ == looks_before_yield) {
            std::this_thread::yield();
        } else {
            ++looks_;
            pause();
        }
    }

private:
    static constexpr int looks_before_yield = 64;
    int looks_ = 0;
};

}  // namespace spargio::detail
