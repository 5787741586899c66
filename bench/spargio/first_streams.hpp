#pragma once

#include <cstdint>
#include <stdexcept>
#include <system_error>

#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/task_group.hpp"

namespace bench::own {

/// What a group of streams waits for.
struct first_streams {
    std::uint64_t left;  ///< to be done
    spargio::task_group group;
};

/// \return whether the operation was cancelled, and so has moved nothing.
inline auto was_cancelled(const spargio::result<std::size_t>& moved) -> bool {
    if (moved)
        return false;
    if (moved.error() != std::errc::operation_canceled)
        throw std::system_error(moved.error());
    return true;
}

/// Until its frames are back, or enough others' are. Between two of these it is where it was.
template <class Connection>
auto exchange_unless_late(Connection& c, first_streams& all) -> spargio::task<> {
    while (!c.frames.done()) {
        for (auto out = c.frames.unsent(); !out.empty(); out = c.frames.unsent()) {
            const auto count = co_await c.stream.write_some(out);
            if (was_cancelled(count))
                co_return;
            c.frames.sent(*count);
        }
        const auto got = co_await c.stream.read_some(c.frames.room());
        if (was_cancelled(got))
            co_return;
        if (*got == 0)
            throw std::runtime_error("the echo peer closed the connection");
        c.frames.received(*got, [](std::uint64_t) {});
    }
    if (--all.left == 0)
        all.group.request_stop();
}

/// Until `awaited` of the connections have their frames back.
template <class Connections>
auto exchange_first(Connections& connections, std::uint64_t awaited) -> spargio::task<> {
    first_streams all{.left = awaited, .group = {}};
    for (auto& each : connections)
        check(all.group.spawn(exchange_unless_late(each, all)));
    co_await all.group.join();
}

}  // namespace bench::own
