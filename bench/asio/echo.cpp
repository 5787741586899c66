#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/scenarios.hpp"
#include "bench/common/echo_frame.hpp"

namespace bench::asio_peer {
namespace {

using tcp = asio::ip::tcp;
using socket = asio::basic_stream_socket<tcp, executor>;

class echo final : public scenario {
public:
    explicit echo(const surroundings& s)
        : socket_(client_.get_executor(), tcp::v4(), connect_blocking(s.echo_port)) {}

    void run(recorder& r) override { client_.run(sample(r)); }

private:
    auto sample(recorder& r) -> awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            echo_frame frame;
            const auto request = asio::buffer(frame.request().data(), frame.request().size());
            const auto reply = asio::buffer(frame.reply().data(), frame.reply().size());
            r.begin();
            for (std::uint64_t i = 0; i < r.items(); ++i) {
                frame.fill(i);
                co_await asio::async_write(socket_, request, use_awaitable);
                co_await asio::async_read(socket_, reply, use_awaitable);
                frame.echoed(i);
                r.lap();
            }
            r.end(frame.sum());
        }
    }

    context_thread client_{client_cpu};
    socket socket_;
};

}  // namespace

auto echo_entries() -> std::vector<entry> {
    return {{"net_echo_rtt_256b", BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS,
             "one io_context and thread on CPU 0, peer on CPU 1", make_scenario<echo>}};
}

}  // namespace bench::asio_peer
