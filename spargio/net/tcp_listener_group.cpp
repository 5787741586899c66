#include "spargio/net/tcp_listener_group.hpp"

#include <cerrno>

#include "spargio/net/detail/socket_calls.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio {
namespace {

/// How long a shard that found no descriptor lets its sessions go on before it tries again.
constexpr std::chrono::milliseconds before_next_try{10};

enum class verdict { over, try_again, try_later };

verdict judge(const std::error_code& error) noexcept {
    switch (error.value()) {
    case ECANCELED:
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EOPNOTSUPP:
        return verdict::over;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return verdict::try_later;
    default:
        return verdict::try_again;  // that of one connection, which is gone
    }
}

}  // namespace

result<tcp_listener_group> tcp_listener_group::bind(const socket_address& address,
                                                    listen_options options) {
    std::vector<tcp_listener> listeners;
    socket_address shared = address;
    for (unsigned shard = 0; shard < this_runtime().shard_count(); ++shard) {
        auto listener = tcp_listener::bind(shared, options);
        if (!listener)
            return failure(listener.error());
        // The first one shares its port only now: had it been willing before, it would have joined
        // whoever has the port already, and each would get some of the connections.
        if (auto sharing = detail::set_option(listener->fd(), SOL_SOCKET, SO_REUSEPORT, 1);
            !sharing)
            return failure(sharing.error());
        options.reuse_port = true;
        const auto taken = listener->local_address();
        if (!taken)
            return failure(taken.error());
        shared = *taken;
        listeners.push_back(std::move(*listener));
    }
    return tcp_listener_group(std::move(listeners));
}

task<result<tcp_stream>> tcp_listener_group::next(tcp_listener* listener, serving* state) {
    for (;;) {
        auto stream = co_await listener->accept();
        if (stream)
            co_return stream;
        const verdict what = judge(stream.error());
        if (what == verdict::over)
            co_return stream;
        if (what == verdict::try_later) {
            count_one(state->counted.delayed);
            const auto slept = co_await sleep_for(before_next_try);
            if (!slept)
                co_return failure(slept.error());
        }
    }
}

void tcp_listener_group::serving::fail(std::error_code why) noexcept {
    if (!has_failed_.exchange(true, std::memory_order_relaxed))
        error_ = why;
    group.request_stop();
}

served_counts tcp_listener_group::counts() const noexcept {
    const auto of = [](const std::atomic<std::uint64_t>& count) {
        return count.load(std::memory_order_relaxed);
    };
    return {of(counters_->accepted), of(counters_->delayed), of(counters_->overloaded),
            of(counters_->failed)};
}

}  // namespace spargio
