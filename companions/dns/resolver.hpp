#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "companions/dns/errc.hpp"
#include "spargio/core/task.hpp"
#include "spargio/net/socket_address.hpp"

namespace spargio::dns {

namespace detail {
class resolver_core;
class answer_sink;
struct question;
}  // namespace detail

/// Which addresses are asked for.
enum class address_family : std::uint8_t { any, v4, v6 };

/// How a resolver asks; open() checks it.
struct resolver_options {
    /// Whom to ask, in this order, at most 8; port 0 is the usual one. None: the servers
    /// `resolv_conf` names.
    std::vector<socket_address> servers;
    std::string resolv_conf = "/etc/resolv.conf";    ///< servers, search list, ndots
    std::string hosts_file = "/etc/hosts";           ///< looked at first; empty: there is none
    std::string services_file = "/etc/services";     ///< names of ports; empty: there is none
    std::optional<std::vector<std::string>> search;  ///< instead of the search list of resolv_conf
    std::chrono::milliseconds timeout{2'000};        ///< of a try, 1 ms to 60 s; doubles each time
    unsigned tries = 3;                              ///< of each server, 1 to 10
    unsigned most_queries = 256;                     ///< names asked for at once, 1 to 65,536
    unsigned most_addresses = 64;                    ///< of a name and family, 1 to 1,024
    /// By this machine's routes (RFC 6724), which takes some system calls an address that do not
    /// wait; false: version 6 first, otherwise as servers and files give them.
    bool sort_addresses = true;
};

/// How many names the machine's own resolver looks for, and what is kept of what it finds.
struct system_options {
    unsigned most_queries = 64;    ///< calls at once, those whose waiter left among them
    unsigned most_addresses = 64;  ///< of a name and family, 1 to 1,024
};

/// Finds the addresses of hosts without blocking a shard.
///
/// A literal address is answered at once, a name in the hosts file, and "localhost", without a
/// question to anybody. Everything else asks the name servers, through sockets in the ring of the
/// shard that awaits.
///
/// Thread: any shard, any number at once; also from tasks that move. Destroying it, or assigning to
/// it, ends what is under way with spargio::errc::closed; that needs no shard.
/// Limit: `most_queries` names asked for at once; past it spargio::errc::overloaded, and nothing
/// was asked.
class resolver {
public:
    /// Reads `resolv_conf`, which blocks: call it when the program starts. A file that cannot be
    /// read or names no server means the server of this machine, 127.0.0.1; one that changes later
    /// means a new resolver. Its `timeout` and `attempts` do not count: the options' do.
    /// Errors: spargio::errc::invalid_option; dns::errc::no_server; not_enough_memory.
    [[nodiscard]] static result<resolver> open(const resolver_options& options = {});
    /// The same interface over getaddrinfo(3) on the runtime's blocking pool: names are found as
    /// the machine's nsswitch.conf(5) says, by all its sources. A call that has begun cannot be
    /// ended: a cancel lets who waits go on, and left_running() counts what is left behind.
    /// Error: spargio::errc::invalid_option.
    [[nodiscard]] static result<resolver> open_system(const system_options& options = {});

    resolver(resolver&&) noexcept;
    resolver& operator=(resolver&&) noexcept;
    ~resolver();

    /// Yields the addresses of `host` with `port`: at least one, at most `most_addresses` of each
    /// family, in the order in which they are to be tried: see `sort_addresses`; open_system()
    /// keeps that of getaddrinfo(3). When one family has addresses and the other's question fails,
    /// it is those. Errors: dns::errc; spargio::errc::overloaded, closed;
    /// std::errc::operation_canceled: then its question is withdrawn and its sockets are closed.
    /// Thread: any shard. \pre the resolver outlives the call, but not the await
    [[nodiscard]] task<result<std::vector<socket_address>>>
    resolve(std::string host, std::uint16_t port, address_family family = address_family::any);
    /// The same for a service: a port's number or name, as in services(5), of TCP rather than UDP.
    [[nodiscard]] task<result<std::vector<socket_address>>>
    resolve(std::string host, std::string service, address_family family = address_family::any);

    /// Names that are being asked for: questions to servers or calls on the pool.
    [[nodiscard]] unsigned queries() const noexcept;
    /// Calls on the pool that go on although nobody waits for them any more. Always 0 without
    /// open_system(). They hold up the end of the runtime until they return.
    [[nodiscard]] unsigned left_running() const noexcept;

    /// Internal: for connect(), which wants each family's addresses as they come.
    [[nodiscard]] const std::shared_ptr<detail::resolver_core>& core() const noexcept {
        return core_;
    }

private:
    explicit resolver(std::shared_ptr<detail::resolver_core> core) noexcept;

    std::shared_ptr<detail::resolver_core> core_;
};

}  // namespace spargio::dns
