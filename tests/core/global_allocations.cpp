#include "global_allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> taken = 0;
std::atomic<std::size_t> given_back = 0;
}  // namespace

std::size_t spargio::test::global_allocations() {
    return taken.load();
}

std::size_t spargio::test::global_blocks_in_use() {
    return taken.load() - given_back.load();
}

#if !SPARGIO_TEST_HAS_FEATURE(thread_sanitizer)
// The aligned forms stay the library's: they call neither of these.
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
    void* block = std::malloc(bytes == 0 ? 1 : bytes);
    if (block != nullptr)
        ++taken;
    return block;
}

void* operator new(std::size_t bytes) {
    void* block = ::operator new(bytes, std::nothrow);
    if (block == nullptr)
        throw std::bad_alloc();
    return block;
}

// Inlined, g++ would see free() beside a new it knows nothing of.
[[gnu::noinline]] void operator delete(void* block) noexcept {
    if (block != nullptr)
        ++given_back;
    std::free(block);
}

[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept {
    ::operator delete(block);
}
#endif
