#include "failing_memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
std::atomic<std::size_t> in_use = 0;
std::atomic<std::uint64_t> first_to_fail = never;
std::atomic<std::uint64_t> last_to_fail = never;
std::atomic<std::uint64_t> taken = 0;
std::atomic<bool> failed = false;

[[maybe_unused]] void* take(std::size_t bytes, std::size_t alignment) {
    const std::uint64_t first = first_to_fail.load();
    if (first != never) {
        const std::uint64_t number = taken.fetch_add(1);
        if (number >= first && number <= last_to_fail.load()) {
            failed = true;
            throw std::bad_alloc();
        }
    }
    const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    void* block = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
    if (block == nullptr)
        throw std::bad_alloc();
    ++in_use;
    return block;
}

[[maybe_unused]] void give_back(void* block) noexcept {
    if (block != nullptr)
        --in_use;
    std::free(block);
}

}  // namespace

namespace spargio::memory_test {

failing_memory::failing_memory(std::uint64_t first, std::uint64_t more) noexcept {
    taken = 0;
    failed = false;
    last_to_fail = more == from_then_on ? never : first + more;
    first_to_fail = first;
}
failing_memory::~failing_memory() {
    first_to_fail = never;
}
bool failing_memory::has_failed() const noexcept {
    return failed;
}
std::size_t blocks_in_use() noexcept {
    return in_use;
}

}  // namespace spargio::memory_test

#if !SPARGIO_TEST_HAS_FEATURE(thread_sanitizer)
// All forms: by the standard library those below end in these, by address sanitizer in itself.
void* operator new(std::size_t bytes) {
    return take(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return take(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    try {
        return operator new(bytes);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    try {
        return operator new(bytes, alignment);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void* operator new[](std::size_t bytes) {
    return operator new(bytes);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
    return operator new(bytes, alignment);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& none) noexcept {
    return operator new(bytes, none);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment,
                     const std::nothrow_t& none) noexcept {
    return operator new(bytes, alignment, none);
}
// Inlined, g++ would see free() beside a new it knows nothing of.
[[gnu::noinline]] void operator delete(void* block) noexcept {
    give_back(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept {
    give_back(block);
}
[[gnu::noinline]] void operator delete(void* block, std::align_val_t) noexcept {
    give_back(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    give_back(block);
}
[[gnu::noinline]] void operator delete[](void* block) noexcept {
    give_back(block);
}
[[gnu::noinline]] void operator delete[](void* block, std::size_t) noexcept {
    give_back(block);
}
[[gnu::noinline]] void operator delete[](void* block, std::align_val_t) noexcept {
    give_back(block);
}
[[gnu::noinline]] void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
    give_back(block);
}
#endif
