// Counts the numbered datagrams that udp_send sends, and those that are missing. One request
// receives all of them, each row that came together in a buffer the kernel chose.
#include <algorithm>

#include "common/program.hpp"
#include "spargio/net/datagram_stream.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/time/timeout.hpp"

namespace {

struct options {
    spargio::socket_address listen;
    std::chrono::milliseconds silence;
};

/// What came between two silences.
struct tally {
    std::uint64_t rows = 0;
    std::uint64_t datagrams = 0;
    std::uint64_t bytes = 0;
    std::uint64_t beyond = 0;  // the highest number, and one
    std::uint64_t unnumbered = 0;

    /// Takes in a row of datagrams, all `size` bytes long but the last.
    void add(std::span<const std::byte> row, std::size_t size) {
        ++rows;
        do {
            auto datagram = row.first(std::min(size, row.size()));
            row = row.subspan(datagram.size());
            bytes += datagram.size();
            if (datagram.size() < 8) {
                ++unnumbered;
                continue;
            }
            ++datagrams;
            std::uint64_t number = 0;
            for (const std::byte each : datagram.first(8)) {
                number = number << 8 | static_cast<std::uint64_t>(each);
            }
            beyond = std::max(beyond, number + 1);
        } while (!row.empty());
    }
    void print() const {
        std::printf("%llu of %llu datagrams in %llu rows, %llu bytes, %llu without a number\n",
                    static_cast<unsigned long long>(datagrams),
                    static_cast<unsigned long long>(beyond), static_cast<unsigned long long>(rows),
                    static_cast<unsigned long long>(bytes),
                    static_cast<unsigned long long>(unnumbered));
        std::fflush(stdout);
    }
};

spargio::task<int> count(options chosen) {
    auto socket = spargio::udp_socket::bind(chosen.listen, {.receive_buffer = 4 << 20});
    if (!socket) {
        co_return program::complain(to_string(chosen.listen), socket.error().message());
    }
    // Where the kernel has it not, datagrams come one by one.
    (void)socket->set_receive_coalesced(true);
    auto received = spargio::datagram_stream::open(socket->fd(), spargio::datagram_info_bytes);
    if (!received) {
        co_return program::complain("cannot receive", received.error().message());
    }
    auto address = value_or_throw(socket->local_address());
    std::printf("send some: udp_send 100000 1200 %s\n", to_string(address).c_str());
    std::fflush(stdout);
    tally came;
    for (;;) {
        auto row = co_await spargio::timeout(chosen.silence, received->next());
        if (row) {
            const std::size_t size = row->info().segment_size;
            came.add(row->bytes(), size != 0 ? size : row->bytes().size());
        } else if (row.error() == std::errc::timed_out) {
            if (came.rows != 0) {
                came.print();
            }
            came = tally();
        } else if (row.error() == std::errc::operation_canceled) {
            co_return program::exit_ok;
        } else {
            co_return program::complain("cannot receive", row.error().message());
        }
    }
}

options read(const program::arguments& given) {
    return {program::internet_address(given[0]),
            std::chrono::milliseconds(given.size() > 1 ? program::number(given[1], 1, 3'600'000)
                                                       : 500)};
}

}  // namespace

int main(int argc, char** argv) {
    return program::run<options>(
        argc, argv,
        {.usage =
             "udp_count LISTEN [SILENCE_MS]\n"
             "Receives at LISTEN, an ADDRESS:PORT, and after each SILENCE_MS prints what came.",
         .least_arguments = 1,
         .most_arguments = 2,
         .read = read,
         .work = count,
         .interrupted = program::exit_ok,
         // Room for the longest row, and what comes beside it.
         .runtime = spargio::runtime_builder().shards(1).receive_buffers(
             {.count = 64, .size = 65'536 + 1024})});
}
