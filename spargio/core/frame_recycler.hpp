#pragma once

#include <cstddef>

#include "spargio/core/thread_state.hpp"

namespace spargio::detail {

/// The rare paths of the two functions below.
[[nodiscard]] void* allocate_new_frame(std::size_t bytes);
void free_unkept_frame(void* block, std::size_t bytes) noexcept;

/// Memory for coroutine frames and task records, recycled per thread by size class; blocks beyond
/// the largest class go to the global allocator. A block stays on the thread that frees it; a
/// thread with too many hands batches of them to those that run out (frame_depot).
/// Aligned as ::operator new(std::size_t) aligns.
/// Limit: 1 MiB of free blocks a class and thread, and as much between threads; past it blocks go
/// back to the global allocator.
/// Thread: any; each has its own lists, released when it ends.
// Inlined by force, both: every frame passes here, with a size that the compiler knows.
[[nodiscard, gnu::always_inline]] inline void* allocate_frame(std::size_t bytes) {
    if (bytes <= frame_pool::largest) {
        if (void* block = this_thread().frames.take(bytes)) [[likely]]
            return block;
    }
    return allocate_new_frame(bytes);
}

[[gnu::always_inline]] inline void free_frame(void* block, std::size_t bytes) noexcept {
    if (bytes <= frame_pool::largest) {
        if (this_thread().frames.keep(block, bytes)) [[likely]]
            return;
    }
    free_unkept_frame(block, bytes);
}

/// Blocks this thread took from the global allocator so far: what a test of "no allocation in
/// steady state" watches.
[[nodiscard]] std::size_t frames_from_global_allocator() noexcept;

}  // namespace spargio::detail
