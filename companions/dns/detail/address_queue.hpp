#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

#include "companions/dns/detail/question.hpp"
#include "spargio/sync/notify.hpp"
#include "spargio/time/clock.hpp"

namespace spargio::dns::detail {

/// Addresses in the order in which they are to be tried, while they are still being found: the
/// families take turns, the one with the better first address first. As long as it is not known
/// whether there are any of version 6, the first of version 4 waits for them a little.
/// Thread: one task adds, one takes, on any shards. Source: RFC 8305 3, 4.
class address_queue final : public answer_sink {
public:
    explicit address_queue(std::chrono::nanoseconds resolution_delay) noexcept
        : patience_(resolution_delay) {}

    void found(int family, std::span<const ranked_address> addresses) override;
    /// Nothing more comes; `why` is the error when there was nothing at all.
    void finish(std::error_code why) noexcept;

    /// Yields the next address, once there is one. Errors: that of finish() when none is left,
    /// empty if there were some; operation_canceled.
    [[nodiscard]] task<result<socket_address>> next();

private:
    struct line {
        std::vector<ranked_address> addresses;
        std::size_t taken = 0;
        bool known = false;

        [[nodiscard]] bool has_more() const noexcept { return taken < addresses.size(); }
        [[nodiscard]] const preference& rank() const noexcept { return addresses[taken].rank; }
    };
    /// What is to be done now: take an address, wait until a time, wait for news, or give up.
    struct step {
        std::optional<socket_address> address;
        std::optional<clock::time_point> not_before;
        bool over = false;
    };

    [[nodiscard]] step take();

    const std::chrono::nanoseconds patience_;
    notify news_;
    std::mutex mutex_;  // what follows
    line v6_;
    line v4_;
    clock::time_point v4_came_;
    bool v4_is_next_ = false;
    bool one_taken_ = false;
    bool finished_ = false;
    std::error_code why_;
};

}  // namespace spargio::dns::detail
