#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <utility>

#include "bench/asio/context_thread.hpp"

namespace bench::asio_peer {

/// Posts a call of `function` to `to`, whose queue holds it when post() returns. The handler on the
/// other context posts the answer back to the awaiting coroutine. A pair of concurrent_channels was
/// no faster.
template <class Function, class Token>
auto async_ask(executor to, Function function, Token&& token) {
    return asio::async_initiate<Token, void(std::uint64_t)>(
        [](auto handler, executor target, Function called) {
            asio::post(target, [handler = std::move(handler), called]() mutable {
                const std::uint64_t reply = called();
                const auto home = asio::get_associated_executor(handler);
                asio::post(home, [handler = std::move(handler), reply]() mutable {
                    std::move(handler)(reply);
                });
            });
        },
        token, to, function);
}

}  // namespace bench::asio_peer
