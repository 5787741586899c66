#include "spargio/core/executor.hpp"

#include "spargio/core/thread_state.hpp"

namespace spargio::detail {

executor* current_executor() noexcept {
    return this_thread().current;
}

executor_scope::executor_scope(executor* value) noexcept : previous_(this_thread().current) {
    this_thread().current = value;
}

executor_scope::~executor_scope() {
    this_thread().current = previous_;
}

}  // namespace spargio::detail
