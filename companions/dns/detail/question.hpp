#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "companions/dns/detail/address_order.hpp"
#include "companions/dns/resolver.hpp"

namespace spargio::dns::detail {

/// What is to be found out.
struct question {
    std::string host;
    std::optional<std::string> service;  // none: the port
    std::uint16_t port = 0;
    address_family family = address_family::any;

    [[nodiscard]] bool wants(int of) const noexcept {
        return family == address_family::any ||
               family == (of == AF_INET ? address_family::v4 : address_family::v6);
    }
};

/// The families, in the order in which addresses stand that nothing tells apart.
inline constexpr int families[] = {AF_INET6, AF_INET};

/// Where the addresses go, family by family as they are known.
class answer_sink {
public:
    /// Called at most once for AF_INET and AF_INET6 each, with addresses in their order; an empty
    /// span says there are none, and comes only when the other family has some. Any shard, one call
    /// at a time.
    virtual void found(int family, std::span<const ranked_address> addresses) = 0;

protected:
    ~answer_sink() = default;
};

/// Something that knows names: the name servers, or the machine's own getaddrinfo(3).
class name_source {
public:
    virtual ~name_source() = default;

    /// Finds addresses of a name, which is no literal, with the question's port. Without an error
    /// `sink` got at least one. `sink` outlives the await.
    virtual task<result<void>> look_up(question asked, answer_sink& sink) = 0;
    /// Finds the port of a service that is no number.
    virtual task<result<std::uint16_t>> port_of(std::string service) = 0;
    [[nodiscard]] virtual unsigned queries() const noexcept = 0;
    [[nodiscard]] virtual unsigned left_running() const noexcept { return 0; }
};

}  // namespace spargio::dns::detail
