#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"

namespace ingest_client {

/// The ways this client can break the protocol on purpose.
auto misbehaviours() -> std::vector<std::string>;

/// Misbehaves on one connection. \return what the server answered, in words.
auto misbehave(const endpoint& server, std::string_view how) -> std::string;

}  // namespace ingest_client
