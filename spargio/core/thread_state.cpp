#include "spargio/core/thread_state.hpp"

// The asm statement in the header knows the variable by this name and this model; nothing else
// tells a link-time optimizer that it is used.
#if defined(__clang__)
#define SPARGIO_USED_BY_ASM gnu::used, gnu::visibility("default"), gnu::tls_model("initial-exec")
#else
#define SPARGIO_USED_BY_ASM                                                                        \
    gnu::used, gnu::externally_visible, gnu::visibility("default"), gnu::tls_model("initial-exec")
#endif

namespace spargio::detail {

extern constinit thread_local thread_state the_thread_state asm("spargio_thread_state");
[[SPARGIO_USED_BY_ASM]] constinit thread_local thread_state the_thread_state;

#if !(defined(__x86_64__) && defined(__LP64__))
thread_state& this_thread() noexcept {
    return the_thread_state;
}
#endif

}  // namespace spargio::detail
