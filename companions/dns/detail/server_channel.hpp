#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "companions/dns/resolver.hpp"

struct ares_channeldata;
struct ares_addrttl;
struct ares_addr6ttl;
struct ares_addr_port_node;

namespace spargio::dns::detail {

/// What the channels of one resolver have in common.
struct channel_settings {
    std::vector<socket_address> servers;
    std::vector<std::string> search;
    unsigned ndots = 1;
    std::chrono::milliseconds timeout{};
    unsigned tries = 1;
    unsigned most_addresses = 1;

    /// Checks the options, and reads what they leave to resolv.conf.
    [[nodiscard]] static result<channel_settings> from(const resolver_options& options);
};

/// What became of the question for one family's addresses.
struct family_answer {
    enum class state : std::uint8_t { not_asked, asked, done };

    state now = state::not_asked;
    std::error_code error;                  // when done: why there are no addresses
    std::vector<socket_address> addresses;  // without port
};

/// A c-ares channel of its own for one name at a time, so that a cancel ends this name's questions
/// and nobody else's. It neither waits nor polls: it says which sockets it waits for, and is told.
///
/// Thread: one at a time; c-ares has no locks, so whoever hands it on does that through one.
/// Limit: two questions; `most_addresses` of an answer are kept.
class server_channel {
public:
    /// A socket, and what is awaited of it (POLLIN, POLLOUT).
    struct interest {
        int descriptor;
        unsigned events;
    };

    /// Error: not_enough_memory.
    [[nodiscard]] static result<std::unique_ptr<server_channel>>
    make(std::shared_ptr<const channel_settings> settings);
    server_channel(const server_channel&) = delete;
    server_channel& operator=(const server_channel&) = delete;
    ~server_channel();

    /// Asks the servers from number `first` on for the addresses of `name` of this family. The
    /// answer may be there when it returns. \pre not busy, or with the same `first`
    void ask(const std::string& name, int family, std::size_t first);
    [[nodiscard]] bool busy() const noexcept;
    [[nodiscard]] family_answer& answer(int family) noexcept;
    /// Forgets the answers. \pre not busy
    void clear() noexcept;

    [[nodiscard]] std::span<const interest> sockets() const noexcept { return sockets_; }
    /// Until expire() has something to do. \pre busy
    [[nodiscard]] std::chrono::nanoseconds time_left() const noexcept;
    /// Goes on with a socket of which `events` are true.
    void ready(int descriptor, unsigned events) noexcept;
    /// Goes on with what has waited long enough.
    void expire() noexcept;
    /// Ends what is asked; its sockets are closed then.
    void cancel() noexcept;

private:
    explicit server_channel(std::shared_ptr<const channel_settings> settings);

    static void on_socket(void* self, int descriptor, int readable, int writable) noexcept;
    static void on_v4(void* self, int status, int timeouts, unsigned char* bytes,
                      int size) noexcept;
    static void on_v6(void* self, int status, int timeouts, unsigned char* bytes,
                      int size) noexcept;
    [[nodiscard]] int open();
    void use_servers(std::size_t first);
    void conclude(int family, int status, const unsigned char* bytes, int size) noexcept;
    [[nodiscard]] int parse(int family, const unsigned char* bytes, int size);

    const std::shared_ptr<const channel_settings> settings_;
    ::ares_channeldata* channel_ = nullptr;
    std::vector<interest> sockets_;
    std::size_t first_ = ~std::size_t{0};  // server that is asked first; none yet
    family_answer v4_;
    family_answer v6_;
    std::vector<std::byte> room_;  // for what an answer is parsed into
};

}  // namespace spargio::dns::detail
