#include "companions/dns/detail/exchange.hpp"

#include "spargio/core/when_any.hpp"
#include "spargio/ring/ops/poll.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::dns::detail {
namespace {

using interest = server_channel::interest;

/// What is true of the socket.
struct decode_events {
    result<interest> operator()(int outcome) const noexcept {
        if (outcome < 0)
            return failure(-outcome);
        return interest{descriptor, static_cast<unsigned>(outcome)};
    }
    int descriptor;
};

task<result<interest>> readiness(interest wanted) {
    co_return co_await spargio::detail::await_operation<poll_operation>(
        decode_events{wanted.descriptor}, nullptr, wanted.descriptor, wanted.events);
}

task<result<interest>> readiness_of_any(std::vector<interest> wanted) {
    std::vector<task<result<interest>>> polls;
    polls.reserve(wanted.size());
    for (const interest& each : wanted)
        polls.push_back(readiness(each));
    // Those that are ready too stay so: they are found at the next look.
    auto first = co_await when_any(std::move(polls));
    co_return first.value;
}

task<result<interest>> readiness_within(std::chrono::nanoseconds limit,
                                        std::vector<interest> wanted) {
    if (wanted.empty()) {
        const auto slept = co_await sleep_for(limit);
        co_return failure(slept ? std::make_error_code(std::errc::timed_out) : slept.error());
    }
    if (wanted.size() == 1)
        co_return co_await timeout(limit, readiness(wanted.front()));
    co_return co_await timeout(limit, readiness_of_any(std::move(wanted)));
}

}  // namespace

task<result<void>> exchange(server_channel& channel) {
    const auto sockets = channel.sockets();
    const auto event =
        co_await readiness_within(channel.time_left(), {sockets.begin(), sockets.end()});
    if (event) {
        channel.ready(event->descriptor, event->events);
    } else if (event.error() == std::errc::timed_out) {
        channel.expire();
    } else {
        co_return failure(event.error());
    }
    co_return result<void>{};
}

}  // namespace spargio::dns::detail
