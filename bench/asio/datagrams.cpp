#include "bench/common/datagram_lots.hpp"

#include <boost/asio/ip/udp.hpp>
#include <future>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/scenarios.hpp"

namespace bench::asio_peer {
namespace {

using udp = asio::ip::udp;
using socket = asio::basic_datagram_socket<udp, executor>;

/// A socket is tried without waiting first: each is sent at once, and of those that have come as
/// many are taken as there are before the next wait. `together`: both ends are on one thread, which
/// so never has to be woken for a datagram.
template <bool together>
class datagrams final : public scenario {
public:
    explicit datagrams(const surroundings& /*unused*/) {
        for (socket* each : {&sender_, &receiver_}) {
            each->set_option(
                asio::socket_base::receive_buffer_size(datagram_lots::receive_buffer_bytes));
            each->non_blocking(true);
        }
        sender_.connect(receiver_.local_endpoint());
    }

    void run(recorder& r) override {
        auto receiving = asio::co_spawn(receiver_.get_executor(),
                                        receive(r.items(), r.iterations()), asio::use_future);
        client_.run(sample(r));
        receiving.get();
    }

private:
    static auto loopback() -> udp::endpoint { return {asio::ip::address_v4::loopback(), 0}; }

    auto sample(recorder& r) -> awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            outgoing_.restart(r.items());
            r.begin();
            while (!outgoing_.done()) {
                if (outgoing_.may_send()) {
                    co_await send(outgoing_.next());
                } else {
                    const auto room = outgoing_.ack_room();
                    co_await sender_.async_receive(asio::buffer(room.data(), room.size()),
                                                   use_awaitable);
                    outgoing_.acknowledged();
                }
            }
            r.lap();
            r.end(outgoing_.sum());
        }
    }

    auto send(std::span<const std::byte> lot) -> awaitable<> {
        while (!lot.empty()) {
            boost::system::error_code refused;
            sender_.send(asio::buffer(lot.data(), datagram_lots::datagram_bytes), 0, refused);
            if (refused == asio::error::would_block) {
                co_await sender_.async_wait(socket::wait_write, use_awaitable);
                continue;
            }
            boost::asio::detail::throw_error(refused);
            lot = lot.subspan(datagram_lots::datagram_bytes);
        }
    }

    auto receive(std::uint64_t items, unsigned iterations) -> awaitable<> {
        std::array<std::byte, 2048> room;
        udp::endpoint from;
        for (; iterations != 0; --iterations) {
            incoming_.restart();
            while (incoming_.count() != items) {
                boost::system::error_code refused;
                std::size_t got = receiver_.receive_from(asio::buffer(room), from, 0, refused);
                if (refused)
                    got = co_await receiver_.async_receive_from(asio::buffer(room), from,
                                                                use_awaitable);
                if (incoming_.received(std::span(room).first(got)))
                    receiver_.send_to(asio::buffer(incoming_.ack().data(), incoming_.ack().size()),
                                      from);
            }
        }
    }

    context_thread server_{together ? client_cpu : server_cpu};
    context_thread client_{client_cpu};
    socket sender_{client_.get_executor(), loopback()};
    socket receiver_{(together ? client_ : server_).get_executor(), loopback()};
    lot_sender outgoing_;
    lot_receiver incoming_;
};

}  // namespace

auto datagram_entries() -> std::vector<entry> {
    constexpr auto workload = "udp_receive_256b_batched";
    return {{workload, BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS,
             "two io_contexts, sender's thread on CPU 0, receiver's on CPU 1",
             make_scenario<datagrams<false>>},
            {workload, BENCH_ASIO_VARIANT "_one", BENCH_ASIO_BLOCKS,
             "one io_context and thread on CPU 0", make_scenario<datagrams<true>>}};
}

}  // namespace bench::asio_peer
