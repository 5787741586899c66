// error: a request must be movable without throwing
#include "spargio/boundary/channel.hpp"

struct request {
    request() = default;
#ifdef SPARGIO_MUST_FAIL
    request(request&&) noexcept(false) {}
#else
    request(request&&) noexcept {}
#endif
};

int main() {
    (void)spargio::boundary::channel<request, int>(1);
}
