#include "companions/dns/detail/server_channel.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "companions/dns/detail/ares_error.hpp"

namespace spargio::dns::detail {
namespace {

// One of each kind a server, and one that is being closed while the next is open.
constexpr std::size_t most_sockets = 32;

/// A list of servers as c-ares wants it, in `nodes`.
::ares_addr_port_node* linked(std::span<const socket_address> servers,
                              std::vector<::ares_addr_port_node>& nodes) {
    nodes.resize(servers.size());
    for (std::size_t i = 0; i < servers.size(); ++i) {
        ::ares_addr_port_node& node = nodes[i];
        node = {};
        node.next = i + 1 < servers.size() ? &nodes[i + 1] : nullptr;
        node.family = servers[i].family();
        node.udp_port = node.tcp_port = servers[i].port();
        if (node.family == AF_INET) {
            node.addr.addr4 = reinterpret_cast<const ::sockaddr_in*>(servers[i].data())->sin_addr;
        } else {
            std::memcpy(&node.addr.addr6,
                        &reinterpret_cast<const ::sockaddr_in6*>(servers[i].data())->sin6_addr,
                        sizeof node.addr.addr6);
        }
    }
    return nodes.data();
}

socket_address address_of(const ::ares_addrttl& parsed) noexcept {
    ::sockaddr_storage native{};
    native.ss_family = AF_INET;
    reinterpret_cast<::sockaddr_in&>(native).sin_addr = parsed.ipaddr;
    return socket_address::from_native(native);
}
socket_address address_of(const ::ares_addr6ttl& parsed) noexcept {
    ::sockaddr_storage native{};
    native.ss_family = AF_INET6;
    std::memcpy(&reinterpret_cast<::sockaddr_in6&>(native).sin6_addr, &parsed.ip6addr,
                sizeof parsed.ip6addr);
    return socket_address::from_native(native);
}

/// Parses with `call` into `room` and appends what came out. \return a status of c-ares
template <class Parsed, class Call>
int parse_with(Call call, std::vector<std::byte>& room, unsigned most, const unsigned char* bytes,
               int size, std::vector<socket_address>& addresses) {
    auto* const parsed = reinterpret_cast<Parsed*>(room.data());
    int count = static_cast<int>(most);
    const int status = call(bytes, size, nullptr, parsed, &count);
    if (status != ARES_SUCCESS)
        return status;
    for (const Parsed& each : std::span(parsed, static_cast<std::size_t>(count)))
        addresses.push_back(address_of(each));
    return addresses.empty() ? static_cast<int>(ARES_ENODATA) : status;
}

}  // namespace

server_channel::server_channel(std::shared_ptr<const channel_settings> settings)
    : settings_(std::move(settings)) {
    sockets_.reserve(most_sockets);
    v4_.addresses.reserve(settings_->most_addresses);
    v6_.addresses.reserve(settings_->most_addresses);
    room_.resize(settings_->most_addresses *
                 std::max(sizeof(::ares_addrttl), sizeof(::ares_addr6ttl)));
}

server_channel::~server_channel() {
    if (channel_ != nullptr)
        ::ares_destroy(channel_);
}

result<std::unique_ptr<server_channel>>
server_channel::make(std::shared_ptr<const channel_settings> settings) {
    std::unique_ptr<server_channel> channel(new server_channel(std::move(settings)));
    if (const int status = channel->open(); status != ARES_SUCCESS)
        return failure(error_of_ares(status));
    return channel;
}

int server_channel::open() {
    // All of it is said here, so that c-ares reads no file.
    std::string lookups = "b";
    ::ares_options options{};
    // Failures of a server are to be seen, not to be tried again without a word.
    options.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    options.timeout = static_cast<int>(settings_->timeout.count());
    options.tries = static_cast<int>(settings_->tries);
    options.ndots = 1;
    options.lookups = lookups.data();
    options.sock_state_cb = &on_socket;
    options.sock_state_cb_data = this;
    return ::ares_init_options(&channel_, &options,
                               ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                   ARES_OPT_NDOTS | ARES_OPT_LOOKUPS | ARES_OPT_SERVERS |
                                   ARES_OPT_DOMAINS | ARES_OPT_SORTLIST | ARES_OPT_NOROTATE |
                                   ARES_OPT_SOCK_STATE_CB);
}

void server_channel::use_servers(std::size_t first) {
    if (std::exchange(first_, first) == first)
        return;
    std::vector<::ares_addr_port_node> nodes;
    const int status = ::ares_set_servers_ports(
        channel_, linked(std::span(settings_->servers).subspan(first), nodes));
    if (status != ARES_SUCCESS) {
        first_ = ~std::size_t{0};
        throw std::system_error(error_of_ares(status));
    }
}

void server_channel::ask(const std::string& name, int family, std::size_t first) {
    // Nobody may listen there: then the next send would get the error that belongs to the question
    // before it, and that would wait in vain.
    if (busy() && !sockets_.empty())
        ready(sockets_.front().descriptor, POLLIN);
    use_servers(first);
    family_answer& asked = answer(family);
    asked.now = family_answer::state::asked;
    asked.error.clear();
    asked.addresses.clear();
    ::ares_query(channel_, name.c_str(), ns_c_in, family == AF_INET ? ns_t_a : ns_t_aaaa,
                 family == AF_INET ? &on_v4 : &on_v6, this);
}

bool server_channel::busy() const noexcept {
    return v4_.now == family_answer::state::asked || v6_.now == family_answer::state::asked;
}

family_answer& server_channel::answer(int family) noexcept {
    return family == AF_INET ? v4_ : v6_;
}

void server_channel::clear() noexcept {
    SPARGIO_ASSERT(!busy());
    v4_.now = v6_.now = family_answer::state::not_asked;
}

std::chrono::nanoseconds server_channel::time_left() const noexcept {
    SPARGIO_ASSERT(busy());
    ::timeval room{};
    const ::timeval* const left = ::ares_timeout(channel_, nullptr, &room);
    SPARGIO_ASSERT(left != nullptr);
    return std::chrono::seconds(left->tv_sec) + std::chrono::microseconds(left->tv_usec);
}

void server_channel::ready(int descriptor, unsigned events) noexcept {
    // An error shows when it is read or written.
    const bool broken = (events & (POLLERR | POLLHUP)) != 0;
    ::ares_process_fd(channel_, broken || (events & POLLIN) != 0 ? descriptor : ARES_SOCKET_BAD,
                      broken || (events & POLLOUT) != 0 ? descriptor : ARES_SOCKET_BAD);
}

void server_channel::expire() noexcept {
    ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void server_channel::cancel() noexcept {
    ::ares_cancel(channel_);
    SPARGIO_ASSERT(!busy() && sockets_.empty());
}

void server_channel::on_socket(void* self, int descriptor, int readable, int writable) noexcept {
    auto& sockets = static_cast<server_channel*>(self)->sockets_;
    const auto known = std::ranges::find(sockets, descriptor, &interest::descriptor);
    const unsigned events =
        (readable != 0 ? unsigned{POLLIN} : 0u) | (writable != 0 ? unsigned{POLLOUT} : 0u);
    if (events == 0) {
        if (known != sockets.end())
            sockets.erase(known);
    } else if (known != sockets.end()) {
        known->events = events;
    } else {
        SPARGIO_ASSERT(sockets.size() < most_sockets);
        sockets.push_back({descriptor, events});
    }
}

void server_channel::on_v4(void* self, int status, int, unsigned char* bytes, int size) noexcept {
    static_cast<server_channel*>(self)->conclude(AF_INET, status, bytes, size);
}

void server_channel::on_v6(void* self, int status, int, unsigned char* bytes, int size) noexcept {
    static_cast<server_channel*>(self)->conclude(AF_INET6, status, bytes, size);
}

void server_channel::conclude(int family, int status, const unsigned char* bytes,
                              int size) noexcept {
    family_answer& asked = answer(family);
    asked.now = family_answer::state::done;
    if (status == ARES_SUCCESS)
        status = parse(family, bytes, size);
    if (status != ARES_SUCCESS)
        asked.error = error_of_ares(status);
}

int server_channel::parse(int family, const unsigned char* bytes, int size) {
    const unsigned most = settings_->most_addresses;
    if (family == AF_INET)
        return parse_with<::ares_addrttl>(&::ares_parse_a_reply, room_, most, bytes, size,
                                          v4_.addresses);
    return parse_with<::ares_addr6ttl>(&::ares_parse_aaaa_reply, room_, most, bytes, size,
                                       v6_.addresses);
}

}  // namespace spargio::dns::detail
