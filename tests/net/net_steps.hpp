#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "spargio/core/when_all.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio::net_test {

inline runtime_builder shards(unsigned count) {
    return runtime_builder().shards(count).ring_entries(16);
}

/// Runs `scenario`, a callable that returns a task, on shard 0.
template <class Scenario>
auto on_shards(unsigned count, Scenario scenario) {
    return run_with(shards(count), std::move(scenario));
}

inline std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}
inline std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// FNV-1a over what passes by; different for the same bytes in another order.
class running_sum {
public:
    void add(std::span<const std::byte> bytes) noexcept {
        for (const std::byte b : bytes)
            value_ = (value_ ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3;
        count_ += bytes.size();
    }
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    friend bool operator==(const running_sum&, const running_sum&) = default;

private:
    std::uint64_t value_ = 0xcbf29ce484222325;
    std::uint64_t count_ = 0;
};

/// Bytes that differ from stream to stream and from place to place.
inline std::vector<std::byte> pattern(std::size_t size, std::uint64_t seed) {
    std::vector<std::byte> bytes(size);
    std::uint64_t state = seed * 2654435761 + 1;
    for (std::byte& b : bytes) {
        state = state * 6364136223846793005 + 1442695040888963407;
        b = static_cast<std::byte>(state >> 56);
    }
    return bytes;
}

inline tcp_listener listen_v4(const listen_options& options = {}) {
    return value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0), options));
}
inline socket_address address_of(const tcp_listener& listener) {
    return value_or_throw(listener.local_address());
}

struct two_ends {
    tcp_stream client;
    tcp_stream server;
};

/// A connection with both ends here.
inline task<two_ends> connection() {
    tcp_listener listener = listen_v4();
    auto [client, server] =
        co_await when_all(tcp_stream::connect(address_of(listener)), listener.accept());
    co_return two_ends{value_or_throw(std::move(client)), value_or_throw(std::move(server))};
}

/// Sends all and ends the direction.
inline task<void> send_to_end(tcp_stream& stream, std::span<const std::byte> bytes) {
    value_or_throw(co_await stream.write_all(bytes));
    value_or_throw(co_await stream.shutdown(shutdown_how::write));
}

/// Reads to the end, at most `piece` bytes a read.
inline task<running_sum> sum_to_end(connected_stream& stream, std::size_t piece) {
    std::vector<std::byte> buffer(piece);
    running_sum sum;
    for (;;) {
        const auto count = value_or_throw(co_await stream.read_some(buffer));
        if (count == 0)
            co_return sum;
        sum.add(std::span(buffer).first(count));
    }
}

inline running_sum sum_of(std::span<const std::byte> bytes) {
    running_sum sum;
    sum.add(bytes);
    return sum;
}

/// Sends back what comes until the end, then ends its own direction.
inline task<void> echo(tcp_stream stream, std::size_t piece = 4096) {
    std::vector<std::byte> buffer(piece);
    for (;;) {
        const auto count = value_or_throw(co_await stream.read_some(buffer));
        if (count == 0)
            break;
        value_or_throw(co_await stream.write_all(std::span(buffer).first(count)));
    }
    value_or_throw(co_await stream.close());
}

}  // namespace spargio::net_test
