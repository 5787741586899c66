#include "spargio/core/frame_recycler.hpp"

#include <new>

#include "spargio/core/frame_depot.hpp"

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

// Never destroyed: threads may end after everything else.
constinit frame_depot the_depot;

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

/// Makes room for more of that class. False: the depot has none either.
bool give_batch_away(std::size_t bytes) noexcept {
    frame_pool& frames = this_thread().frames;
    const std::size_t index = frame_pool::class_of(bytes);
    const auto given = frames.take_batch(index);
    if (given.first == nullptr)
        return false;
    if (the_depot.give(index, given))
        return true;
    frames.return_batch(index, given);
    return false;
}

}  // namespace

void* allocate_new_frame(std::size_t bytes) {
    thread_state& here = this_thread();
    if (bytes > frame_pool::largest || !recycle) {
        ++here.frames_from_global;
        return ::operator new(bytes);
    }
    const std::size_t index = frame_pool::class_of(bytes);
    if (here.frames_are == thread_state::unused)
        start_keeping();
    if (here.frames_are == thread_state::active) {
        if (const auto freed_elsewhere = the_depot.take(index); freed_elsewhere.first != nullptr) {
            here.frames.keep_batch(index, freed_elsewhere);
            return here.frames.take(bytes);
        }
    }
    ++here.frames_from_global;
    return ::operator new(frame_pool::class_size(index));
}

void free_unkept_frame(void* block, std::size_t bytes) noexcept {
    if (recycle && bytes <= frame_pool::largest &&
        this_thread().frames_are == thread_state::unused) {
        start_keeping();
        if (this_thread().frames.keep(block, bytes))
            return;
    }
    if (recycle && bytes <= frame_pool::largest &&
        this_thread().frames_are == thread_state::active && give_batch_away(bytes) &&
        this_thread().frames.keep(block, bytes))
        return;
    ::operator delete(block);
}

std::size_t frames_from_global_allocator() noexcept {
    return this_thread().frames_from_global;
}

}  // namespace spargio::detail
