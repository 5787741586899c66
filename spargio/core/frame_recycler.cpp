#include "spargio/core/frame_recycler.hpp"

#include <bit>
#include <new>

namespace spargio::detail {
namespace {

// Address sanitizer sees a use after free only if the block really goes back.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool recycle = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool recycle = false;
#else
constexpr bool recycle = true;
#endif
#else
constexpr bool recycle = true;
#endif

constexpr std::size_t step = 64;
constexpr std::size_t small_limit = 1024;
constexpr std::size_t small_classes = small_limit / step;
constexpr std::size_t large_classes = 4;
constexpr std::size_t class_count = small_classes + large_classes;
constexpr std::size_t largest = small_limit << large_classes;
constexpr std::size_t bytes_kept_per_class = std::size_t{1} << 20;

constexpr std::size_t class_of(std::size_t bytes) noexcept {
    if (bytes <= small_limit)
        return (bytes + step - 1) / step - 1;
    return small_classes + std::bit_width((bytes - 1) / small_limit) - 1;
}

constexpr std::size_t class_size(std::size_t index) noexcept {
    return index < small_classes ? (index + 1) * step : small_limit << (index - small_classes + 1);
}

static_assert(class_size(class_of(1)) == 64 && class_size(class_of(1024)) == 1024);
static_assert(class_size(class_of(1025)) == 2048 && class_size(class_of(largest)) == largest);
static_assert(class_of(largest) == class_count - 1);

struct free_block {
    free_block* next;
};

struct free_list {
    free_block* head = nullptr;
    std::size_t count = 0;
};

enum class pool_state : unsigned char { unused, active, gone };

struct pool {
    free_list lists[class_count];
    std::size_t from_global = 0;
    pool_state state = pool_state::unused;
};

// Trivial on purpose: no guard on the hot path. `releaser` below gives the blocks back.
[[gnu::tls_model("initial-exec")]] constinit thread_local pool local;

struct releaser {
    ~releaser() {
        local.state = pool_state::gone;
        for (free_list& list : local.lists) {
            while (list.head != nullptr) {
                free_block* block = list.head;
                list.head = block->next;
                ::operator delete(block);
            }
            list.count = 0;
        }
    }
};

[[gnu::noinline]] void register_release() {
    thread_local releaser at_thread_exit;
    (void)at_thread_exit;
    local.state = pool_state::active;
}

}  // namespace

void* allocate_frame(std::size_t bytes) {
    if (bytes > largest || !recycle) {
        ++local.from_global;
        return ::operator new(bytes);
    }
    const std::size_t index = class_of(bytes);
    free_list& list = local.lists[index];
    if (list.head != nullptr) [[likely]] {
        free_block* block = list.head;
        list.head = block->next;
        --list.count;
        return block;
    }
    ++local.from_global;
    return ::operator new(class_size(index));
}

void free_frame(void* memory, std::size_t bytes) noexcept {
    if (bytes > largest || !recycle)
        return ::operator delete(memory);
    const std::size_t index = class_of(bytes);
    free_list& list = local.lists[index];
    if (local.state != pool_state::active) [[unlikely]] {
        if (local.state == pool_state::gone)
            return ::operator delete(memory);
        register_release();
    }
    if (list.count * class_size(index) >= bytes_kept_per_class) [[unlikely]]
        return ::operator delete(memory);
    list.head = ::new (memory) free_block{list.head};
    ++list.count;
}

std::size_t frames_from_global_allocator() noexcept {
    return local.from_global;
}

}  // namespace spargio::detail
