#include "spargio/core/executor.hpp"

namespace spargio::detail {

executor_scope::executor_scope(executor* value) noexcept : previous_(this_thread().current) {
    this_thread().current = value;
}

executor_scope::~executor_scope() {
    this_thread().current = previous_;
}

}  // namespace spargio::detail
