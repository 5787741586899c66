// error: use of deleted function|(assigned|assignment operator is|call to).*(implicitly )?deleted
#include "spargio/core/task.hpp"

#include <utility>

void assign(spargio::task<>& to, spargio::task<>& from) {
#ifdef SPARGIO_MUST_FAIL
    to = from;
#else
    to = std::move(from);
#endif
}
