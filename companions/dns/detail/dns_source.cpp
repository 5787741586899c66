#include "companions/dns/detail/dns_source.hpp"

#include <utility>

#include "companions/dns/detail/exchange.hpp"
#include "companions/dns/detail/host_lines.hpp"
#include "companions/dns/detail/host_name.hpp"
#include "companions/dns/detail/with_port.hpp"

namespace spargio::dns::detail {
namespace {

// This machine, whatever servers say. Source: RFC 6761 6.3.
constexpr std::string_view local_domain = "localhost";
// Names nobody but Tor may be told. Source: RFC 7686 2.
constexpr std::string_view secret_domain = "onion";

/// A failure of the servers that were asked, which others may not have.
bool others_may_know(std::error_code error) noexcept {
    return error == errc::server_failure || error == errc::refused ||
           error == errc::not_understood || error == errc::malformed_answer;
}

bool is_missing(std::error_code error) noexcept {
    return error == errc::not_found || error == errc::no_data;
}

/// Why a name has no addresses at all: what is known for sure, or else what went wrong.
std::error_code reason(server_channel& channel, const question& asked) noexcept {
    std::error_code told;
    for (const int family : families) {
        if (!asked.wants(family))
            continue;
        const std::error_code error = channel.answer(family).error;
        if (error == errc::not_found)
            return error;
        if (!told || told == errc::no_data)
            told = error;
    }
    return told;
}

/// Hands on what came, once one family has addresses; each answer once.
class delivery {
public:
    delivery(server_channel& channel, const question& asked, bool sorts, answer_sink& sink) noexcept
        : channel_(channel), asked_(asked), sorts_(sorts), sink_(sink) {}

    void operator()() {
        bool any = false;
        for (const int family : families)
            any = any || (is_done(family) && !channel_.answer(family).addresses.empty());
        for (const int family : families) {
            if (any && is_done(family) && !std::exchange(given(family), true))
                hand_on(family);
        }
    }
    [[nodiscard]] bool anything() const noexcept { return given_[0] || given_[1]; }

private:
    [[nodiscard]] bool is_done(int family) const noexcept {
        return channel_.answer(family).now == family_answer::state::done;
    }
    [[nodiscard]] bool& given(int family) noexcept { return given_[family == AF_INET ? 1 : 0]; }
    void hand_on(int family) {
        auto& addresses = channel_.answer(family).addresses;
        for (socket_address& each : addresses)
            each = with_port(each, asked_.port);
        sink_.found(family, in_order(addresses, sorts_));
    }

    server_channel& channel_;
    const question& asked_;
    const bool sorts_;
    answer_sink& sink_;
    bool given_[2] = {false, false};
};

}  // namespace

dns_source::dns_source(const resolver_options& options, channel_settings settings)
    : most_addresses_(options.most_addresses),
      sorts_(options.sort_addresses),
      hosts_(options.hosts_file),
      services_(options.services_file),
      channels_(std::move(settings), options.most_queries) {}

task<result<void>> dns_source::look_up(question asked, answer_sink& sink) {
    if (!is_host_name(asked.host))
        co_return failure(errc::invalid_name);
    const auto known = co_await look_into_hosts(asked, sink);
    if (!known)
        co_return failure(known.error());
    if (*known)
        co_return result<void>{};
    if (is_within(asked.host, secret_domain))
        co_return failure(errc::not_found);
    co_return co_await ask_servers(asked, sink);
}

task<result<std::uint16_t>> dns_source::port_of(std::string service) {
    const auto text = co_await services_.text();
    if (!text)
        co_return failure(text.error());
    const auto port = port_in_services(**text, service);
    if (!port)
        co_return failure(errc::unknown_service);
    co_return *port;
}

task<result<bool>> dns_source::look_into_hosts(const question& asked, answer_sink& sink) {
    const auto text = co_await hosts_.text();
    if (!text)
        co_return failure(text.error());
    std::vector<socket_address> of_family[2];
    bool any = false;
    for (std::size_t i = 0; i < 2; ++i) {
        if (!asked.wants(families[i]))
            continue;
        of_family[i] =
            addresses_in_hosts(**text, asked.host, families[i], asked.port, most_addresses_);
        if (of_family[i].empty() && is_within(asked.host, local_domain))
            of_family[i].push_back(families[i] == AF_INET6
                                       ? socket_address::loopback_v6(asked.port)
                                       : socket_address::loopback_v4(asked.port));
        any = any || !of_family[i].empty();
    }
    for (std::size_t i = 0; any && i < 2; ++i)
        sink.found(families[i], in_order(of_family[i], sorts_));
    co_return any;
}

task<result<void>> dns_source::ask_servers(const question& asked, answer_sink& sink) {
    auto leased = channels_.take();
    if (!leased)
        co_return failure(leased.error());
    const channel_settings& settings = channels_.settings();
    std::error_code missing = errc::not_found;
    for (std::string& name : candidates(asked.host, settings.ndots, settings.search)) {
        const auto outcome = co_await ask_for(**leased, std::move(name), asked, sink);
        if (outcome || !is_missing(outcome.error()))
            co_return outcome;
        // One of the names is there: that says more than that another is not.
        if (outcome.error() == errc::no_data)
            missing = outcome.error();
    }
    co_return failure(missing);
}

task<result<void>> dns_source::ask_for(server_channel& channel, std::string name,
                                       const question& asked, answer_sink& sink) {
    channel.clear();
    delivery deliver(channel, asked, sorts_, sink);
    const std::size_t servers = channels_.settings().servers.size();
    for (std::size_t first = 0; first < servers; ++first) {
        bool asks = false;
        for (const int family : families) {
            const family_answer& before = channel.answer(family);
            if (!asked.wants(family) || (first != 0 && !others_may_know(before.error)))
                continue;
            channel.ask(name, family, first);
            asks = true;
        }
        if (!asks)
            break;
        while (channel.busy()) {
            if (auto went_on = co_await exchange(channel); !went_on)
                co_return went_on;
            deliver();
        }
        deliver();
        if (deliver.anything())
            co_return result<void>{};
    }
    co_return failure(reason(channel, asked));
}

}  // namespace spargio::dns::detail
