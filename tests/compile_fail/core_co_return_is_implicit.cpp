// error: return_value
#include "spargio/core/task.hpp"

#include <vector>

auto three() -> spargio::task<std::vector<int>> {
#ifdef SPARGIO_MUST_FAIL
    co_return 3;
#else
    co_return std::vector<int>(3);
#endif
}
