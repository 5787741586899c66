#include "server.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>
#include <vector>

#include "companions/signal/ctrl_c.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/time/sleep.hpp"

namespace ingest {

using spargio::result;
using spargio::task;
using spargio::tcp_stream;

namespace {

constexpr std::chrono::milliseconds shortest_pause{10};
constexpr std::chrono::milliseconds longest_pause{200};
constexpr std::size_t most_refusals = 64;

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

auto join(spargio::join_handle<void>& handle) -> task<> {
    (void)co_await handle.join();
}

/// No later accept can succeed on this descriptor.
auto is_final(std::error_code error) -> bool {
    return error == std::errc::operation_canceled || error == std::errc::bad_file_descriptor ||
           error == std::errc::invalid_argument || error == std::errc::not_a_socket;
}

}  // namespace

auto server::run() -> task<result<void>> {
    // Whichever ends first cancels the other: a signal, or an accept that cannot go on.
    auto ended = co_await spargio::when_any(next_signal(), accept_clients());
    auto why = ended.index() == 0 ? std::get<0>(ended) : std::get<1>(ended);
    forget_ended();
    std::printf("stopping: %zu connections\n", sessions_.size());
    std::fflush(stdout);
    co_await drain();
    co_return why;
}

auto server::accept_clients() -> task<result<void>> {
    auto pause = shortest_pause;
    for (;;) {
        auto stream = co_await listener_.accept(spargio::session_policy::round_robin());
        if (stream) {
            pause = shortest_pause;
            add(counted_.accept.accepted);
            forget_ended();
            if (sessions_.size() < options_.max_connections) {
                start_session(std::move(*stream));
            } else {
                refuse(std::move(*stream));
            }
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
        add(counted_.accept.pauses);
        if (auto waited = co_await spargio::sleep_for(pause); !waited) {
            co_return waited;
        }
        pause = std::min(pause * 2, longest_pause);
    }
}

void server::start_session(tcp_stream stream) {
    auto& added = sessions_.emplace_back();
    session_environment environment{.store = &store_,
                                    .limits = &options_.limits,
                                    .counted = &counted_.of_shard[stream.session_shard()],
                                    .phase = &added.phase,
                                    .draining = &draining_};
    auto started = std::move(stream).spawn_on_session(
        [environment](tcp_stream moved) { return serve_session(std::move(moved), environment); });
    if (started) {
        added.handle.emplace(std::move(*started));
    } else {
        sessions_.pop_back();
        add(counted_.accept.refused);
    }
}

void server::refuse(tcp_stream stream) {
    add(counted_.accept.refused);
    if (refusals_.size() < most_refusals) {
        auto started = spargio::this_shard::spawn(refuse_session(std::move(stream), status::busy));
        if (started) {
            refusals_.push_back(std::move(*started));
        }
    }
}

void server::forget_ended() {
    sessions_.remove_if([](const entry& session) { return session.handle->is_done(); });
    refusals_.remove_if([](const auto& refusal) { return refusal.is_done(); });
}

auto server::drain() -> task<> {
    listener_.close();
    draining_.store(true);
    for (auto& session : sessions_) {
        auto expected = session_phase::idle;
        if (session.phase.compare_exchange_strong(expected, session_phase::closing)) {
            session.handle->request_stop();
        }
    }
    // If join_all() is not the first to end it is asked to stop, and passes that on to the sessions
    // it waits for.
    (void)co_await spargio::when_any(join_all(), time_over(options_.drain), next_signal());
}

auto server::join_all() -> task<> {
    // Joined side by side, so that a stop reaches all of them at once.
    std::vector<task<>> joins;
    for (auto& session : sessions_) {
        joins.push_back(join(*session.handle));
    }
    for (auto& refusal : refusals_) {
        joins.push_back(join(refusal));
    }
    co_await spargio::when_all(std::move(joins));
}

}  // namespace ingest
