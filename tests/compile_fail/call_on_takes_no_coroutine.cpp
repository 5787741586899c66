// error: (constraints not satisfied|no matching function)
#include "spargio/runtime/call_on.hpp"

auto twice(int number) -> spargio::task<int> {
    co_return 2 * number;
}

auto elsewhere() -> spargio::task<int> {
#ifdef SPARGIO_MUST_FAIL
    auto answer = co_await spargio::call_on(1, [] { return twice(3); });
    co_return co_await std::move(*answer);
#else
    co_return (co_await spargio::call_on(1, [] { return 6; })).value_or(co_await twice(3));
#endif
}
