#include <optional>

#include "bench/common/echo_frame.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/net/socket_address.hpp"
#include "spargio/net/tcp_stream.hpp"

namespace bench::own {
namespace {

class echo final : public scenario {
public:
    explicit echo(const surroundings& s) { runtime_.block_on(connect(s.echo_port)); }
    ~echo() override { runtime_.block_on(disconnect()); }

    void run(recorder& r) override { runtime_.block_on(sample(r)); }

private:
    auto connect(std::uint16_t port) -> spargio::task<> {
        stream_ = check(
            co_await spargio::tcp_stream::connect(spargio::socket_address::loopback_v4(port)));
        check(stream_->set_no_delay(true));
    }

    auto disconnect() -> spargio::task<> {
        stream_.reset();
        co_return;
    }

    auto sample(recorder& r) -> spargio::task<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            echo_frame frame;
            r.begin();
            for (std::uint64_t i = 0; i < r.items(); ++i) {
                frame.fill(i);
                check(co_await stream_->write_all(frame.request()));
                check(co_await stream_->read_exact(frame.reply()));
                frame.echoed(i);
                r.lap();
            }
            r.end(frame.sum());
        }
    }

    spargio::runtime runtime_ = build_shards({client_cpu});
    std::optional<spargio::tcp_stream> stream_;
};

}  // namespace

auto echo_entries() -> std::vector<entry> {
    return {{"net_echo_rtt_256b", "spargio", waits, "one shard on CPU 0, peer on CPU 1",
             make_scenario<echo>}};
}

}  // namespace bench::own
