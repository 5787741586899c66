#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "companions/dns/detail/server_channel.hpp"

namespace spargio::dns::detail {

/// The channels of one resolver: one for each name that is asked for, and a few that rest.
/// Thread: any. It outlives every lease.
/// Limit: `most` leased at once; past it take() answers errc::overloaded.
class channel_pool {
public:
    /// A channel holds about 90 KiB, most of it c-ares's tables for thousands of questions.
    static constexpr std::size_t most_at_rest = 16;

    channel_pool(channel_settings settings, unsigned most);

    /// A channel to be used; it goes back when this ends, and what it asks is cancelled.
    class lease {
    public:
        lease(channel_pool& from, std::unique_ptr<server_channel> leased) noexcept
            : from_(&from), channel_(std::move(leased)) {}
        lease(lease&&) noexcept = default;
        lease& operator=(lease&&) = delete;
        ~lease() {
            if (channel_ != nullptr)
                from_->give_back(std::move(channel_));
        }
        [[nodiscard]] server_channel& operator*() const noexcept { return *channel_; }

    private:
        channel_pool* from_;
        std::unique_ptr<server_channel> channel_;
    };
    /// Errors: spargio::errc::overloaded, not_enough_memory.
    [[nodiscard]] result<lease> take();

    [[nodiscard]] const channel_settings& settings() const noexcept { return *settings_; }
    [[nodiscard]] unsigned leased() const noexcept;

private:
    /// Of a channel that could not be made, whether that was answered or thrown.
    struct uncount {
        void operator()(channel_pool* pool) const noexcept;
    };

    void give_back(std::unique_ptr<server_channel> channel) noexcept;

    const std::shared_ptr<const channel_settings> settings_;
    const unsigned most_;
    // It also hands what c-ares wrote on one thread to the next.
    mutable std::mutex mutex_;  // what follows
    unsigned leased_ = 0;
    std::vector<std::unique_ptr<server_channel>> at_rest_;
};

}  // namespace spargio::dns::detail
