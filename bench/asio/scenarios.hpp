#pragma once

#include <vector>

#include "bench/common/variant.hpp"

// The same sources build both executables; Asio's macros choose the reactor.
#ifdef BOOST_ASIO_HAS_IO_URING
#define BENCH_ASIO_VARIANT "asio_uring"
#define BENCH_ASIO_BLOCKS "blocks in io_uring"
#else
#define BENCH_ASIO_VARIANT "asio"
#define BENCH_ASIO_BLOCKS "blocks in epoll"
#endif

namespace bench::asio_peer {

auto ping_pong_entries() -> std::vector<entry>;
auto cross_call_entries() -> std::vector<entry>;
auto one_way_entries() -> std::vector<entry>;
auto echo_entries() -> std::vector<entry>;
auto stream_entries() -> std::vector<entry>;
auto datagram_entries() -> std::vector<entry>;
auto fs_read_entries() -> std::vector<entry>;
auto fan_out_entries() -> std::vector<entry>;
auto fork_join_entries() -> std::vector<entry>;
auto many_tasks_entries() -> std::vector<entry>;
auto timer_storm_entries() -> std::vector<entry>;
auto watchdogs_entries() -> std::vector<entry>;
auto channel_entries() -> std::vector<entry>;
auto serve_entries() -> std::vector<entry>;

}  // namespace bench::asio_peer
