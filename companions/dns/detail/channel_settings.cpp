#include <ares.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "companions/dns/detail/ares_error.hpp"
#include "companions/dns/detail/host_name.hpp"
#include "companions/dns/detail/server_channel.hpp"
#include "companions/dns/detail/with_port.hpp"

namespace spargio::dns::detail {
namespace {

constexpr std::uint16_t usual_port = 53;
constexpr std::size_t most_servers = 8;

template <class Number>
bool within(Number value, Number least, Number most) noexcept {
    return value >= least && value <= most;
}

bool is_server(const socket_address& address) noexcept {
    if (address.family() == AF_INET)
        return true;
    // c-ares knows no scopes: a link-local server would be asked through any interface.
    return address.family() == AF_INET6 &&
           reinterpret_cast<const ::sockaddr_in6*>(address.data())->sin6_scope_id == 0;
}

bool sensible(const resolver_options& options) {
    using std::chrono::milliseconds;
    return options.servers.size() <= most_servers &&
           std::ranges::all_of(options.servers, is_server) &&
           within(options.timeout, milliseconds(1), milliseconds(60'000)) &&
           within(options.tries, 1u, 10u) && within(options.most_queries, 1u, 65'536u) &&
           within(options.most_addresses, 1u, 1'024u) &&
           (!options.search || std::ranges::all_of(*options.search, [](const std::string& domain) {
               return is_host_name(domain);
           }));
}

socket_address address_of(const ::ares_addr_port_node& server) noexcept {
    const auto port =
        server.udp_port != 0 ? static_cast<std::uint16_t>(server.udp_port) : usual_port;
    ::sockaddr_storage native{};
    native.ss_family = static_cast<::sa_family_t>(server.family);
    if (server.family == AF_INET) {
        auto& v4 = reinterpret_cast<::sockaddr_in&>(native);
        v4.sin_addr = server.addr.addr4;
        v4.sin_port = htons(port);
    } else {
        auto& v6 = reinterpret_cast<::sockaddr_in6&>(native);
        std::memcpy(&v6.sin6_addr, &server.addr.addr6, sizeof v6.sin6_addr);
        v6.sin6_port = htons(port);
    }
    return socket_address::from_native(native);
}

/// What a channel has read, and gives up when it ends.
class configuration {
public:
    /// \return a status of c-ares
    [[nodiscard]] int read(const std::string& resolv_conf) {
        static const int library = ::ares_library_init(ARES_LIB_INIT_ALL);
        if (library != ARES_SUCCESS)
            return library;
        // Without these c-ares reads nsswitch.conf(5) and host.conf(5), which are none of its
        // business here.
        std::string path = resolv_conf;
        std::string lookups = "b";
        ::ares_options asked{};
        asked.resolvconf_path = path.data();
        asked.lookups = lookups.data();
        int status = ::ares_init_options(
            &channel_, &asked, ARES_OPT_RESOLVCONF | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST);
        int mask = 0;
        if (status == ARES_SUCCESS)
            status = ::ares_save_options(channel_, &options_, &mask);
        if (status == ARES_SUCCESS)
            status = ::ares_get_servers_ports(channel_, &servers_);
        return status;
    }
    ~configuration() {
        ::ares_free_data(servers_);
        ::ares_destroy_options(&options_);
        if (channel_ != nullptr)
            ::ares_destroy(channel_);
    }
    configuration() = default;
    configuration(const configuration&) = delete;
    configuration& operator=(const configuration&) = delete;

    [[nodiscard]] std::vector<socket_address> servers() const {
        std::vector<socket_address> all;
        for (const auto* each = servers_; each != nullptr && all.size() < most_servers;
             each = each->next)
            all.push_back(address_of(*each));
        return all;
    }
    [[nodiscard]] std::vector<std::string> search() const {
        return {options_.domains, options_.domains + options_.ndomains};
    }
    [[nodiscard]] unsigned ndots() const noexcept {
        return static_cast<unsigned>(std::max(options_.ndots, 0));
    }

private:
    ::ares_channel channel_ = nullptr;
    ::ares_options options_{};
    ::ares_addr_port_node* servers_ = nullptr;
};

}  // namespace

result<channel_settings> channel_settings::from(const resolver_options& options) {
    if (!sensible(options))
        return failure(make_error_code(spargio::errc::invalid_option));
    configuration machine;
    if (const int status = machine.read(options.resolv_conf); status != ARES_SUCCESS)
        return failure(error_of_ares(status));
    channel_settings settings{.servers =
                                  options.servers.empty() ? machine.servers() : options.servers,
                              .search = options.search ? *options.search : machine.search(),
                              .ndots = machine.ndots(),
                              .timeout = options.timeout,
                              .tries = options.tries,
                              .most_addresses = options.most_addresses};
    if (settings.servers.empty())
        return failure(errc::no_server);
    for (socket_address& server : settings.servers) {
        if (server.port() == 0)
            server = with_port(server, usual_port);
    }
    return settings;
}

}  // namespace spargio::dns::detail
