#pragma once

#include <pthread.h>
#include <sched.h>

#include <thread>

namespace bench {

inline constexpr unsigned client_cpu = 0;
inline constexpr unsigned server_cpu = 1;

/// Pins the calling thread. On a machine with fewer CPUs it wraps round: the figure is then not
/// comparable, but everything still runs.
inline void pin_to(unsigned cpu) {
    const unsigned count = std::thread::hardware_concurrency();
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(count != 0 ? cpu % count : 0, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

}  // namespace bench
