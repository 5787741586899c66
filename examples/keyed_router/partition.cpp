#include "partition.hpp"

#include <sys/socket.h>

#include <chrono>
#include <functional>

#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/sleep.hpp"

namespace keyed_router {

auto clock_ms() -> std::int64_t {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

void partition::keep_swept() {
    if (swept_ || keys_.keys_with_expiry() == 0) {
        return;
    }
    // Refused only by a runtime that closes or is full of tasks: the next one who asks tries again.
    if (auto started = spargio::this_shard::spawn(sweep(), {.name = "sweep"})) {
        swept_ = true;
        started->detach();
    }
}

auto partition::sweep() -> spargio::task<> {
    constexpr std::chrono::milliseconds pause{100};
    constexpr std::size_t slots = 1024;
    constexpr unsigned most_steps = 16;
    while (keys_.keys_with_expiry() != 0) {
        if (auto slept = co_await spargio::sleep_for(pause); !slept) {
            break;
        }
        // Goes on at once where much is over, after others had their turn.
        for (unsigned step = 1; keys_.sweep(slots, clock_ms()) > slots / 8; ++step) {
            if (step == most_steps) {
                break;
            }
            co_await spargio::yield();
        }
    }
    swept_ = false;
}

void partition::enter(int connection) {
    connections_.push_back(connection);
    if (draining_) {
        ::shutdown(connection, SHUT_RD);
    }
}

void partition::drain() {
    draining_ = true;
    for (const int connection : connections_) {
        ::shutdown(connection, SHUT_RD);
    }
}

keyspace::keyspace(unsigned shards, const store_limits& each) {
    for (unsigned shard = 0; shard < shards; ++shard) {
        partitions_.push_back(std::make_unique<partition>(each));
    }
}

auto keyspace::hashed(std::string_view key) -> hashed_key {
    return {key, std::hash<std::string_view>()(key)};
}

}  // namespace keyed_router
