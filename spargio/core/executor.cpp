#include "spargio/core/executor.hpp"

#include "spargio/core/transfer.hpp"

namespace spargio::detail {
namespace {

struct thread_state {
    executor* current = nullptr;
    unsigned transfers_left = transfers_per_resume;
};

[[gnu::tls_model("initial-exec")]] constinit thread_local thread_state state;

}  // namespace

executor* current_executor() noexcept {
    return state.current;
}

executor_scope::executor_scope(executor* value) noexcept : previous_(state.current) {
    state.current = value;
}

executor_scope::~executor_scope() {
    state.current = previous_;
}

bool spend_transfer() noexcept {
    if (state.transfers_left != 0) [[likely]] {
        --state.transfers_left;
        return true;
    }
    return state.current == nullptr;
}

void refill_transfers() noexcept {
    state.transfers_left = transfers_per_resume;
}

}  // namespace spargio::detail
