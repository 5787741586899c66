#pragma once

#include <netinet/in.h>

#include <vector>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::trap_test {

/// What the operations act on, in a simulated kernel.
struct simulated_scene {
    explicit simulated_scene(testing::simulated_kernel& simulated);

    testing::simulated_kernel& kernel;
    std::pair<int, int> pair;       // of streams
    std::pair<int, int> datagrams;  // the same of datagram sockets
    ::sockaddr_in address{};
    int listener;
};

/// One operation as programs await it.
struct simulated_operation {
    const char* name;
    testing::request_kind kind;
    task<result<void>> (*run)(simulated_scene&);
    /// Errors after which it does the same in another way, or once more.
    std::vector<int> done_without = {};
};

/// Operations of the ring, and of files.
const std::vector<simulated_operation>& simulated_operations();
/// What programs call on sockets.
std::vector<simulated_operation> simulated_socket_operations();

}  // namespace spargio::trap_test
