#pragma once

#include <cstddef>

#include "spargio/core/frame_pool.hpp"

namespace spargio::detail {

class executor;

/// How many awaits may complete in place before a coroutine goes back to the run queue: a chain
/// of ready awaits neither starves its neighbours nor, where a compiler makes a symmetric transfer
/// an ordinary call, overflows the stack.
inline constexpr int transfers_per_resume = 128;

/// What this layer keeps for each thread.
struct thread_state {
    executor* current = nullptr;
    int transfers_left = transfers_per_resume;
    enum : unsigned char { unused, active, gone } frames_are = unused;
    frame_pool frames;
    std::size_t frames_from_global = 0;
};

// The calling thread's. A compiler may compute the address of a thread-local once and keep it
// across a suspension, and the coroutine may wake on another thread: so the address is found where
// no compiler sees through, in an asm statement or behind a call.
#if defined(__x86_64__) && defined(__LP64__)
[[nodiscard]] inline thread_state& this_thread() noexcept {
    thread_state* state;
    asm volatile("movq %%fs:0, %0\n\t"
                 "addq spargio_thread_state@gottpoff(%%rip), %0"
                 : "=r"(state)
                 :
                 : "cc");
    return *state;
}
#else
[[nodiscard]] thread_state& this_thread() noexcept;
#endif

}  // namespace spargio::detail
