// error: (deleted function|selected deleted operator)
#include "spargio/core/task.hpp"

#include <utility>

auto twice(spargio::task<int> child) -> spargio::task<int> {
#ifdef SPARGIO_MUST_FAIL
    co_return co_await child;
#else
    co_return co_await std::move(child);
#endif
}
