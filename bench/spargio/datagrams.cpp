#include <algorithm>
#include <optional>
#include <span>

#include "bench/common/datagram_lots.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/net/datagram_stream.hpp"
#include "spargio/net/udp_socket.hpp"

namespace bench::own {
namespace {

auto bound() -> spargio::udp_socket {
    auto socket = check(spargio::udp_socket::bind(spargio::socket_address::loopback_v4(0)));
    check(socket.set_receive_buffer(datagram_lots::receive_buffer_bytes));
    return socket;
}

/// `coalesced`: the kernel cuts what is sent, and puts together what is received.
template <bool coalesced>
class datagrams final : public scenario {
public:
    explicit datagrams(const surroundings& /*unused*/) {
        check(sender_.connect(check(receiver_.local_address())));
        sender_.set_segmentation_offload(coalesced);
        check(receiver_.set_receive_coalesced(coalesced));
        on_receiver(open());
    }
    ~datagrams() override { on_receiver(close()); }

    void run(recorder& r) override {
        auto receiving = check(runtime_.handle().spawn(spargio::placement::pinned(1),
                                                       receive(r.items(), r.iterations())));
        runtime_.block_on(sample(r));
        receiving.wait();
    }

private:
    void on_receiver(spargio::task<> work) {
        check(runtime_.handle().spawn(spargio::placement::pinned(1), std::move(work))).wait();
    }
    auto open() -> spargio::task<> {
        stream_ =
            check(spargio::datagram_stream::open(receiver_.fd(), spargio::datagram_info_bytes));
        co_return;
    }
    auto close() -> spargio::task<> {
        stream_.reset();
        co_return;
    }

    auto sample(recorder& r) -> spargio::task<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            outgoing_.restart(r.items());
            r.begin();
            while (!outgoing_.done()) {
                if (outgoing_.may_send()) {
                    check(co_await sender_.send_message(
                        outgoing_.next(), {.segment_size = datagram_lots::datagram_bytes}));
                } else {
                    check(co_await sender_.recv(outgoing_.ack_room()));
                    outgoing_.acknowledged();
                }
            }
            r.lap();
            r.end(outgoing_.sum());
        }
    }

    auto receive(std::uint64_t items, unsigned iterations) -> spargio::task<> {
        for (; iterations != 0; --iterations) {
            incoming_.restart();
            while (incoming_.count() != items) {
                const auto got = check(co_await stream_->next());
                const auto info = got.info();
                const std::size_t each = coalesced ? info.segment_size : got.bytes().size();
                std::span<const std::byte> rest = got.bytes();
                while (!rest.empty()) {
                    const auto datagram = rest.first(std::min(each, rest.size()));
                    rest = rest.subspan(datagram.size());
                    if (incoming_.received(datagram))
                        check(co_await receiver_.send_to(incoming_.ack(), info.peer));
                }
            }
        }
    }

    // A lot in one buffer, with what comes before it.
    spargio::runtime runtime_ =
        build_shards({client_cpu, server_cpu}, {.count = 64, .size = 2 * datagram_lots::lot_bytes});
    spargio::udp_socket sender_ = bound();
    spargio::udp_socket receiver_ = bound();
    std::optional<spargio::datagram_stream> stream_;
    lot_sender outgoing_;
    lot_receiver incoming_;
};

}  // namespace

auto datagram_entries() -> std::vector<entry> {
    constexpr auto workload = "udp_receive_256b_batched";
    constexpr auto pins = "sender's shard on CPU 0, receiver's on CPU 1";
    return {{workload, "spargio", waits, pins, make_scenario<datagrams<true>>},
            {workload, "spargio_single", waits, pins, make_scenario<datagrams<false>>}};
}

}  // namespace bench::own
