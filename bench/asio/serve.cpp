#include <array>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/scenarios.hpp"
#include "bench/common/served_frame.hpp"
#include "bench/common/served_workloads.hpp"

namespace bench::asio_peer {
namespace {

using tcp = asio::ip::tcp;
using socket = asio::basic_stream_socket<tcp, executor>;
using acceptor = asio::basic_socket_acceptor<tcp, executor>;
using boost::system::error_code;

auto session(socket stream) -> awaitable<> {
    served_frame frame;
    const auto bytes = asio::buffer(frame.bytes().data(), frame.bytes().size());
    error_code failed;
    for (;;) {
        co_await asio::async_read(stream, bytes, asio::redirect_error(use_awaitable, failed));
        if (failed)
            co_return;
        frame.serve();
        co_await asio::async_write(stream, bytes, asio::redirect_error(use_awaitable, failed));
        if (failed)
            co_return;
    }
}

/// `next_home()` is the context of the next connection: an io_context a thread, or always the same.
template <class NextHome>
auto accept(acceptor& listener, NextHome next_home) -> awaitable<> {
    for (;;) {
        const executor home = next_home();
        error_code failed;
        socket stream =
            co_await listener.async_accept(home, asio::redirect_error(use_awaitable, failed));
        if (failed == asio::error::operation_aborted)
            co_return;
        if (failed)
            continue;
        stream.set_option(tcp::no_delay(true));
        asio::co_spawn(home, session(std::move(stream)), asio::detached);
    }
}

auto loopback() -> tcp::endpoint {
    return {asio::ip::address_v4::loopback(), 0};
}

/// An io_context for each thread, connections in turn: a connection's handlers never cross threads.
class context_each final : public server {
public:
    explicit context_each(const surroundings& /*unused*/)
        : accepting_(asio::co_spawn(
              contexts_[0].context(),
              accept(listener_,
                     [this] { return contexts_[turn_++ % contexts_.size()].get_executor(); }),
              asio::use_future)) {}
    ~context_each() override {
        // First the accept, which holds a socket of the other context.
        asio::post(contexts_[0].context(), [this] { listener_.close(); });
        accepting_.wait();
        for (context_thread& each : contexts_)
            each.context().stop();
    }
    [[nodiscard]] auto port() const -> std::uint16_t override { return port_; }

private:
    std::array<context_thread, 2> contexts_{context_thread(0), context_thread(1)};
    acceptor listener_{contexts_[0].get_executor(), loopback()};
    std::uint16_t port_ = listener_.local_endpoint().port();
    std::size_t turn_ = 0;
    std::future<void> accepting_;
};

/// One io_context that two threads run: whichever is free goes on with whatever is ready. A session
/// waits for one thing at a time, which makes it a strand without one.
class context_shared final : public server {
public:
    explicit context_shared(const surroundings& /*unused*/) {
        asio::co_spawn(context_, accept(listener_, [this] { return context_.get_executor(); }),
                       asio::detached);
        for (unsigned cpu = 0; cpu < threads_.size(); ++cpu)
            threads_[cpu] = std::thread([this, cpu] {
                pin_to(cpu);
                context_.run();
            });
    }
    ~context_shared() override {
        context_.stop();
        for (std::thread& t : threads_)
            t.join();
    }
    [[nodiscard]] auto port() const -> std::uint16_t override { return port_; }

private:
    asio::io_context context_{2};
    acceptor listener_{context_.get_executor(), loopback()};
    std::uint16_t port_ = listener_.local_endpoint().port();
    std::array<std::thread, 2> threads_;
};

}  // namespace

auto serve_entries() -> std::vector<entry> {
    std::vector<entry> rows;
    add_served(rows,
               {"", BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS,
                "an io_context and thread each on CPU 0 and 1, connections in turn; generator free",
                make_scenario<context_each>});
    add_served(rows, {"", BENCH_ASIO_VARIANT "_shared", BENCH_ASIO_BLOCKS,
                      "one io_context, threads on CPU 0 and 1; generator free",
                      make_scenario<context_shared>});
    return rows;
}

}  // namespace bench::asio_peer
