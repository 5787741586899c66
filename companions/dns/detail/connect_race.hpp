#pragma once

#include "companions/dns/connect.hpp"
#include "companions/dns/detail/address_queue.hpp"
#include "companions/dns/detail/resolver_core.hpp"
#include "spargio/sync/event.hpp"

namespace spargio::dns::detail {

/// Attempts to connect, each beginning when the one before has failed or has had its time, until
/// one succeeds. Each attempt contains those after it, so a cancel ends all, and nothing is left
/// when it returns.
/// Limit: the addresses of the name.
class connect_race {
public:
    using connector = task<result<tcp_stream>> (*)(socket_address, session_policy);

    connect_race(const connect_options& options, connector connect) noexcept
        : options_(options), connect_(connect), addresses_(options.resolution_delay) {}

    /// Once. It outlives the await.
    [[nodiscard]] task<result<tcp_stream>> run(std::shared_ptr<resolver_core> core, question asked);

private:
    /// One attempt; `error` is written before `failed` is set.
    struct attempt {
        std::error_code error;
        event failed;
    };

    [[nodiscard]] task<result<tcp_stream>> look_up(std::shared_ptr<resolver_core> core,
                                                   question asked);
    /// The next address, and all those after it.
    [[nodiscard]] task<result<tcp_stream>> from_next();
    [[nodiscard]] task<result<tcp_stream>> make(socket_address address, attempt& own);
    [[nodiscard]] task<result<tcp_stream>> after(attempt& before);
    /// Yields when asked to stop.
    [[nodiscard]] task<result<tcp_stream>> until_stopped();

    const connect_options options_;
    const connector connect_;
    address_queue addresses_;
    event never_;
};

/// Which of two attempts' errors says more; empty ones say nothing.
[[nodiscard]] std::error_code more_telling(std::error_code earlier, std::error_code later) noexcept;

}  // namespace spargio::dns::detail
