#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "spargio/boundary/client.hpp"
#include "spargio/boundary/server.hpp"

namespace spargio::boundary {

/// A way for requests from anywhere to tasks on shards, and for responses back:
///
///     auto [client, server] = spargio::boundary::channel<request, response>(1024);
///
/// Limit: `capacity` calls, from their beginning until their outcome has been taken; past it they
/// answer errc::overloaded. All memory is allocated here. Requests and responses must be movable
/// without throwing. \pre capacity > 0
template <class Request, class Response>
[[nodiscard]] std::pair<client<Request, Response>, server<Request, Response>>
channel(std::size_t capacity) {
    SPARGIO_ASSERT(capacity > 0);
    auto line = std::make_shared<detail::typed_line<Request, Response>>(capacity);
    return {client<Request, Response>(line), server<Request, Response>(std::move(line))};
}

}  // namespace spargio::boundary
