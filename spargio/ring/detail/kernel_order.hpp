#pragma once

// The thread sanitizer sees no order through the kernel: what happened before a submit happens
// before the matching completion is reaped, on whichever thread. These two calls say so, and are
// the only place in the library that does.

#if defined(__SANITIZE_THREAD__)
#define SPARGIO_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SPARGIO_THREAD_SANITIZER 1
#endif
#endif

#ifdef SPARGIO_THREAD_SANITIZER
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace spargio::detail {

inline void handed_to_kernel([[maybe_unused]] void* what) noexcept {
#ifdef SPARGIO_THREAD_SANITIZER
    __tsan_release(what);
#endif
}

inline void returned_by_kernel([[maybe_unused]] void* what) noexcept {
#ifdef SPARGIO_THREAD_SANITIZER
    __tsan_acquire(what);
#endif
}

}  // namespace spargio::detail
