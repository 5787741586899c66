#pragma once

#include "companions/dns/detail/channel_pool.hpp"
#include "companions/dns/detail/local_file.hpp"
#include "companions/dns/detail/question.hpp"

namespace spargio::dns::detail {

/// The hosts file, and behind it the name servers.
/// Thread: any shard, any number at once. Limit: that of channel_pool.
class dns_source final : public name_source {
public:
    dns_source(const resolver_options& options, channel_settings settings);

    task<result<void>> look_up(question asked, answer_sink& sink) override;
    task<result<std::uint16_t>> port_of(std::string service) override;
    [[nodiscard]] unsigned queries() const noexcept override { return channels_.leased(); }

private:
    /// Yields whether the hosts file knows the name.
    [[nodiscard]] task<result<bool>> look_into_hosts(const question& asked, answer_sink& sink);
    [[nodiscard]] task<result<void>> ask_servers(const question& asked, answer_sink& sink);
    /// One name as it stands, of all servers until one knows.
    [[nodiscard]] task<result<void>> ask_for(server_channel& channel, std::string name,
                                             const question& asked, answer_sink& sink);

    const std::size_t most_addresses_;
    const bool sorts_;
    local_file hosts_;
    local_file services_;
    channel_pool channels_;
};

}  // namespace spargio::dns::detail
