// error: await_suspend
#include "spargio/core/task.hpp"

#include <coroutine>

struct foreign {
    struct promise_type {
        foreign get_return_object() { return {}; }
        std::suspend_never initial_suspend() { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
};

auto body(spargio::task<int> child) -> foreign {
#ifdef SPARGIO_MUST_FAIL
    co_await std::move(child);
#else
    child.swap(child);
    co_await std::suspend_never();
#endif
}
