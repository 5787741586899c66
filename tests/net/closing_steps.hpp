#pragma once

#include <utility>

#include "net_steps.hpp"
#include "spargio/net/unix_stream.hpp"

namespace spargio::net_test {

using stream_pair = std::pair<unix_stream, unix_stream>;

inline stream_pair make_pair() {
    return value_or_throw(unix_stream::pair());
}

/// Closes `closed` and yields a pair whose first has its number.
inline task<stream_pair> close_and_use_again(unix_stream& closed) {
    const int number = closed.fd();
    value_or_throw(co_await closed.close());
    stream_pair made = make_pair();
    EXPECT_EQ(made.first.fd(), number);
    co_return made;
}

/// Until what was begun waits, in a worker perhaps.
inline task<void> some_turns() {
    for (int turn = 0; turn < 20; ++turn)
        co_await yield();
}

}  // namespace spargio::net_test
