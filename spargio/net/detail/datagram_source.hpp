#pragma once

#include "spargio/net/detail/receive_source.hpp"
#include "spargio/ring/ops/receive_messages.hpp"

namespace spargio::detail {

/// Of a datagram socket: each lease is a message, with its header before it.
class datagram_source final : public receive_source {
public:
    datagram_source(shard& home, buffer_pool& pool, int descriptor,
                    receive_messages_operation::layout parts) noexcept
        : receive_source(home, pool, request_, true), request_(descriptor, parts, *this) {}

    [[nodiscard]] receive_messages_operation::layout parts() const noexcept {
        return request_.parts();
    }

private:
    [[nodiscard]] std::size_t filled_once(std::span<std::byte> into,
                                          std::size_t count) noexcept override {
        return request_.complete_once(into, count);
    }

    receive_messages_operation request_;
};

}  // namespace spargio::detail
