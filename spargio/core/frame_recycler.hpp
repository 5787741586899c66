#pragma once

#include <cstddef>

namespace spargio::detail {

/// Memory for coroutine frames and task records, recycled per thread by size class.
///
/// Size classes are steps of 64 B up to 1 KiB, then 2, 4, 8 and 16 KiB; larger blocks go to the
/// global allocator. A block stays on the thread that frees it.
/// Limit: 1 MiB of free blocks a class and thread; past it blocks go back to the global allocator.
/// Thread: any; each has its own lists, released when it ends.
[[nodiscard]] void* allocate_frame(std::size_t bytes);
void free_frame(void* block, std::size_t bytes) noexcept;

/// Blocks this thread took from the global allocator so far: what a test of "no allocation in
/// steady state" watches.
[[nodiscard]] std::size_t frames_from_global_allocator() noexcept;

}  // namespace spargio::detail
