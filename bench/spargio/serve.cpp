#include "bench/common/served_frame.hpp"
#include "bench/common/served_workloads.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/net/socket_address.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace bench::own {
namespace {

/// Where a connection's task runs, and the one that accepts.
constexpr auto anywhere = spargio::placement::round_robin();

auto session(spargio::tcp_stream stream) -> spargio::task<> {
    served_frame frame;
    for (;;) {
        const auto got = co_await stream.read_exact(frame.bytes());
        if (!got)
            co_return;
        frame.serve();
        const auto sent = co_await stream.write_all(frame.bytes());
        if (!sent)
            co_return;
    }
}

auto accept_all(spargio::tcp_listener& listener) -> spargio::task<> {
    for (;;) {
        auto stream = co_await listener.accept();
        if (stream)
            (void)spargio::this_runtime().spawn(anywhere, session(std::move(*stream)));
        else if (stream.error() == std::errc::operation_canceled)
            co_return;
    }
}

class echo_server final : public server {
public:
    explicit echo_server(const surroundings& /*unused*/) {
        check(runtime_.handle().spawn(anywhere, accept_all(listener_))).detach();
    }
    ~echo_server() override { runtime_.shutdown_blocking(); }

    [[nodiscard]] auto port() const -> std::uint16_t override {
        return check(listener_.local_address()).port();
    }

private:
    spargio::tcp_listener listener_ =
        check(spargio::tcp_listener::bind(spargio::socket_address::loopback_v4(0)));
    spargio::runtime runtime_ = build_shards({0, 1});
};

}  // namespace

auto serve_entries() -> std::vector<entry> {
    std::vector<entry> rows;
    add_served(rows, {"", "spargio", waits, "one shard on CPU 0, one on CPU 1; generator free",
                      make_scenario<echo_server>});
    return rows;
}

}  // namespace bench::own
