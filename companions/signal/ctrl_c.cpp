#include "companions/signal/ctrl_c.hpp"

#include <csignal>

#include "companions/signal/signal_stream.hpp"

namespace spargio::signal {

task<result<int>> ctrl_c() {
    auto requests = signal_stream::open({SIGINT, SIGTERM});
    if (!requests)
        co_return failure(requests.error());
    co_return co_await requests->next();
}

}  // namespace spargio::signal
