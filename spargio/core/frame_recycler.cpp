#include "spargio/core/frame_recycler.hpp"

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

constexpr std::size_t bytes_kept_per_class = std::size_t{1} << 20;

// The thread's state has a trivial destructor, and so no guard on the hot path.
struct release_at_thread_exit {
    ~release_at_thread_exit() {
        this_thread().frames_are = thread_state::gone;
        this_thread().frames.close();
    }
};

[[gnu::noinline]] void start_keeping() {
    thread_local release_at_thread_exit registered;
    (void)registered;
    this_thread().frames_are = thread_state::active;
    this_thread().frames.open(bytes_kept_per_class);
}

}  // namespace

void* allocate_new_frame(std::size_t bytes) {
    ++this_thread().frames_from_global;
    if (bytes > frame_pool::largest || !recycle)
        return ::operator new(bytes);
    return ::operator new(frame_pool::class_size(frame_pool::class_of(bytes)));
}

void free_unkept_frame(void* block, std::size_t bytes) noexcept {
    if (recycle && bytes <= frame_pool::largest &&
        this_thread().frames_are == thread_state::unused) {
        start_keeping();
        if (this_thread().frames.keep(block, bytes))
            return;
    }
    ::operator delete(block);
}

std::size_t frames_from_global_allocator() noexcept {
    return this_thread().frames_from_global;
}

}  // namespace spargio::detail
