// error: use of deleted function|call to (implicitly-)?deleted
#include "spargio/core/task.hpp"

#include <utility>

auto copy_of(spargio::task<int>& original) -> spargio::task<int> {
#ifdef SPARGIO_MUST_FAIL
    return original;
#else
    return std::move(original);
#endif
}
