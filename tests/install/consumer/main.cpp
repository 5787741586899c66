// A stranger's program: only installed headers, only what the package told the compiler.
#include "companions/dns/resolver.hpp"
#include "companions/signal/ctrl_c.hpp"
#include "spargio/core/task.hpp"
#include "spargio/core/version.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/time/sleep.hpp"

#include <chrono>
#include <cstdio>

spargio::task<int> answer() {
    auto slept = co_await spargio::sleep_for(std::chrono::milliseconds(1));
    auto names = spargio::value_or_throw(spargio::dns::resolver::open());
    auto found = co_await names.resolve("127.0.0.1", 42);
    if (!slept || !found)
        co_return -1;
    co_return found->front().port();
}

int main() {
    const int value = spargio::run(answer);
    std::printf("spargio %s answers %d\n", spargio::version(), value);
    return value == 42 ? 0 : 1;
}
