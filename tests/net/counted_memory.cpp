#include "counted_memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> taken = 0;
std::atomic<std::size_t> in_use = 0;
}  // namespace

std::size_t spargio::net_test::allocations() {
    return taken.load();
}

std::size_t spargio::net_test::bytes_in_use() {
    return in_use.load();
}

#if !SPARGIO_TEST_HAS_FEATURE(thread_sanitizer)
void* operator new(std::size_t bytes) {
    void* block = std::malloc(bytes == 0 ? 1 : bytes);
    if (block == nullptr)
        throw std::bad_alloc();
    ++taken;
    in_use += ::malloc_usable_size(block);
    return block;
}
// Inlined, g++ would see free() beside a new it knows nothing of.
[[gnu::noinline]] void operator delete(void* block) noexcept {
    if (block != nullptr)
        in_use -= ::malloc_usable_size(block);
    std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept {
    ::operator delete(block);
}
#endif
