// Sends numbered datagrams as fast as they go, many with one call: the kernel cuts them apart where
// it can. The socket is connected, so that it hears of it when nobody receives.
#include "common/program.hpp"
#include "spargio/net/udp_socket.hpp"

namespace {

struct options {
    spargio::socket_address to;
    std::uint64_t count;
    std::size_t size;
};

/// Datagrams `first` and on, as many as `row` has room for, one after the other. Each begins with
/// its number, the highest byte first.
void fill(std::span<std::byte> row, std::size_t size, std::uint64_t first) {
    for (; !row.empty(); row = row.subspan(size), ++first) {
        for (std::size_t i = 0; i < 8; ++i) {
            row[i] = static_cast<std::byte>(first >> (56 - 8 * i));
        }
    }
}

spargio::task<int> send(options chosen) {
    auto socket = spargio::udp_socket::open_for(chosen.to);
    if (socket) {
        auto connected = socket->connect(chosen.to);
        if (!connected) {
            co_return program::complain(to_string(chosen.to), connected.error().message());
        }
    } else {
        co_return program::complain(to_string(chosen.to), socket.error().message());
    }
    const std::size_t most = std::min(spargio::udp_socket::most_segments_at_once,
                                      spargio::udp_socket::most_bytes_at_once / chosen.size);
    std::vector<std::byte> row(most * chosen.size);
    std::uint64_t sent = 0;
    while (sent < chosen.count) {
        auto datagrams = std::span(row).first(std::min(most, chosen.count - sent) * chosen.size);
        fill(datagrams, chosen.size, sent);
        auto taken = co_await socket->send_message(datagrams, {.segment_size = chosen.size});
        if (!taken) {
            program::complain(to_string(chosen.to), taken.error().message());
            break;
        }
        sent += *taken / chosen.size;
    }
    std::printf("%llu datagrams sent, %s\n", static_cast<unsigned long long>(sent),
                socket->segmentation_offloaded() ? "cut by the kernel" : "one by one");
    co_return sent == chosen.count ? program::exit_ok : program::exit_failed;
}

options read(const program::arguments& given) {
    return {program::internet_address(given[2]), program::number(given[0], 1, 1'000'000'000'000),
            program::number(given[1], 8, spargio::udp_socket::most_bytes_at_once)};
}

}  // namespace

int main(int argc, char** argv) {
    return program::run<options>(argc, argv,
                                 {.usage = "udp_send COUNT SIZE ADDRESS:PORT\n"
                                           "Sends COUNT numbered datagrams of SIZE bytes.",
                                  .least_arguments = 3,
                                  .most_arguments = 3,
                                  .read = read,
                                  .work = send,
                                  .runtime = spargio::runtime_builder().shards(1)});
}
