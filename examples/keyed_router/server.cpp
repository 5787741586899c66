#include "server.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

#include "companions/signal/ctrl_c.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/runtime/call_on.hpp"
#include "spargio/time/sleep.hpp"

#include "session.hpp"

namespace keyed_router {

using spargio::result;
using spargio::task;
using spargio::tcp_stream;

namespace {

auto next_signal() -> task<result<void>> {
    auto signal = co_await spargio::signal::ctrl_c();
    if (!signal) {
        co_return std::unexpected(signal.error());
    }
    co_return result<void>{};
}

auto time_over(std::chrono::milliseconds limit) -> task<result<void>> {
    co_return co_await spargio::sleep_for(limit);
}

/// No later accept can succeed on this descriptor.
auto is_final(std::error_code error) -> bool {
    return error == std::errc::operation_canceled || error == std::errc::bad_file_descriptor ||
           error == std::errc::invalid_argument || error == std::errc::not_a_socket;
}

/// Counted as long as it lives.
class counted_client {
public:
    explicit counted_client(std::atomic<std::uint64_t>& count) : count_(count) { ++count_; }
    counted_client(const counted_client&) = delete;
    auto operator=(const counted_client&) -> counted_client& = delete;
    ~counted_client() { --count_; }

private:
    std::atomic<std::uint64_t>& count_;
};

auto counted_session(tcp_stream stream, session_environment environment) -> task<> {
    const counted_client client(environment.facts.keys->of(stream.session_shard()).clients);
    co_await serve_session(std::move(stream), environment);
}

}  // namespace

auto server::run() -> task<result<void>> {
    // Whichever ends first cancels the other: a signal, or an accept that cannot go on.
    auto ended = co_await spargio::when_any(next_signal(), accept_clients());
    auto why = ended.index() == 0 ? std::get<0>(ended) : std::get<1>(ended);
    std::printf("stopping: %zu connections\n", sessions_.size());
    std::fflush(stdout);
    co_await drain();
    co_return why;
}

auto server::accept_clients() -> task<result<void>> {
    constexpr std::chrono::milliseconds shortest_pause{10};
    constexpr std::chrono::milliseconds longest_pause{200};
    const auto port = listener_.local_address().value_or(options_.listen).port();
    auto pause = shortest_pause;
    for (;;) {
        auto stream = co_await listener_.accept(spargio::session_policy::round_robin());
        if (stream) {
            pause = shortest_pause;
            start_session(std::move(*stream), port);
            continue;
        }
        if (is_final(stream.error())) {
            co_return std::unexpected(stream.error());
        }
        if (stream.error() == std::errc::connection_aborted) {
            continue;  // that client is gone, the next may be there
        }
        // Out of descriptors or memory: an accept now would fail again at once, and would until
        // a session ends. Clients wait in the backlog meanwhile.
        if (auto waited = co_await spargio::sleep_for(pause); !waited) {
            co_return waited;
        }
        pause = std::min(pause * 2, longest_pause);
    }
}

void server::start_session(tcp_stream stream, std::uint16_t port) {
    const unsigned home = stream.session_shard();
    const session_environment environment{
        .chosen = &options_, .facts = {.keys = &keys_, .port = port, .connection = ++accepted_}};
    const bool full = sessions_.size() >= options_.max_clients;
    auto start = [stream = std::move(stream), environment, full]() mutable {
        return full ? refuse_session(std::move(stream))
                    : counted_session(std::move(stream), environment);
    };
    // Refused only while the runtime closes or is full of tasks: then the stream closes.
    (void)sessions_.spawn(spargio::placement::pinned(home), std::move(start));
}

auto server::drain() -> task<> {
    listener_.close();
    for (unsigned shard = 0; shard < keys_.shards(); ++shard) {
        (void)co_await spargio::call_on(shard, [this, shard] { keys_.of(shard).drain(); });
    }
    // If join_all() is not the first to end it is asked to stop, and passes that on to the sessions
    // it waits for.
    (void)co_await spargio::when_any(join_all(), time_over(options_.drain), next_signal());
}

auto server::join_all() -> task<> {
    co_await sessions_.join();
}

}  // namespace keyed_router
