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

/// Where a connection's task runs, and the one that accepts: wherever there is time for it, or
/// always where it started, the shards in turn.
constexpr auto anywhere = spargio::placement::stealable();
constexpr auto in_turn = spargio::placement::round_robin();

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

auto accept_all(spargio::tcp_listener& listener, spargio::placement where) -> spargio::task<> {
    for (;;) {
        auto stream = co_await listener.accept();
        if (stream)
            (void)spargio::this_runtime().spawn(where, session(std::move(*stream)));
        else if (stream.error() == std::errc::operation_canceled)
            co_return;
    }
}

class echo_server : public server {
public:
    explicit echo_server(const surroundings& /*unused*/) : echo_server(anywhere) {}
    ~echo_server() override { runtime_.shutdown_blocking(); }

    [[nodiscard]] auto port() const -> std::uint16_t override {
        return check(listener_.local_address()).port();
    }

protected:
    explicit echo_server(spargio::placement where) {
        check(runtime_.handle().spawn(where, accept_all(listener_, where))).detach();
    }

private:
    spargio::tcp_listener listener_ =
        check(spargio::tcp_listener::bind(spargio::socket_address::loopback_v4(0)));
    spargio::runtime runtime_ = build_shards({0, 1});
};

class staying_server final : public echo_server {
public:
    explicit staying_server(const surroundings& /*unused*/) : echo_server(in_turn) {}
};

}  // namespace

auto serve_entries() -> std::vector<entry> {
    std::vector<entry> rows;
    add_served(rows, {"", "spargio", waits, "one shard on CPU 0, one on CPU 1; generator free",
                      make_scenario<echo_server>});
    add_served(rows, {"", "spargio_staying", waits,
                      "one shard on CPU 0, one on CPU 1, connections in turn; generator free",
                      make_scenario<staying_server>});
    return rows;
}

}  // namespace bench::own
