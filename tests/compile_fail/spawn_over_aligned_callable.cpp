// error: must not want more alignment than operator new gives
#include "spargio/runtime/runtime.hpp"

struct alignas(64) wide {
    float lanes[16] = {};
};

auto begin(spargio::runtime& own) -> bool {
#ifdef SPARGIO_MUST_FAIL
    auto held = wide{};
#else
    auto held = 0.0f;
#endif
    return own.handle()
        .spawn(spargio::placement::pinned(0),
               [held]() -> spargio::task<float> {
                   (void)held;
                   co_return 0.0f;
               })
        .has_value();
}
