#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "batch.hpp"

namespace keyed_router {

/// What a connection answers by itself needs to know of the server.
struct server_facts {
    keyspace* keys;
    std::uint16_t port;
    std::uint64_t connection;  // its number
};

/// What becomes of the connection after a request.
enum class then : std::uint8_t { go_on, close };

/// Makes operations, or an answer at once, of one request and adds them to `to`. The arguments are
/// used until the batch is done. \pre `args` is not empty
auto dispatch(std::span<const std::string_view> args, batch& to, const server_facts& facts) -> then;

}  // namespace keyed_router
