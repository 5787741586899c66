#pragma once

namespace spargio {

/// How shards look after one that is stuck in a task.
struct rescue_options {
    unsigned after_us = 50;    ///< how long one turn lasts before others step in; 0: they never do
    unsigned watch_us = 1000;  ///< how often the one sleeper that watches looks up
    unsigned stuck_us = 200;   ///< the same, while one is known to be stuck
    unsigned linger_ms = 50;   ///< how long it watches on when nobody else is awake
};

}  // namespace spargio
