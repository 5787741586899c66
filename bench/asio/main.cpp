// Boost.Asio with C++20 coroutines; built twice, on epoll and on io_uring.

#include "bench/asio/scenarios.hpp"

auto main(int argc, char** argv) -> int {
    std::vector<bench::entry> all;
    for (const auto& part :
         {bench::asio_peer::ping_pong_entries(), bench::asio_peer::echo_entries(),
          bench::asio_peer::stream_entries(), bench::asio_peer::datagram_entries(),
          bench::asio_peer::timer_storm_entries(), bench::asio_peer::watchdogs_entries(),
          bench::asio_peer::fs_read_entries(), bench::asio_peer::fan_out_entries(),
          bench::asio_peer::fork_join_entries(), bench::asio_peer::many_tasks_entries(),
          bench::asio_peer::serve_entries(), bench::asio_peer::channel_entries(),
          bench::asio_peer::cross_call_entries(), bench::asio_peer::one_way_entries()})
        all.insert(all.end(), part.begin(), part.end());
    return bench::serve(argc, argv, all);
}
