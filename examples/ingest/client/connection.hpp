#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ingest_client {

/// Where the server listens; an IPv4 or IPv6 literal and a port.
struct endpoint {
    std::string address;
    std::uint16_t port = 0;
};

/// "127.0.0.1:7070" or "[::1]:7070"; throws std::invalid_argument.
auto parse_endpoint(std::string_view text) -> endpoint;

struct answer {
    unsigned status = 0;
    std::string checksum;  // 32 raw bytes
    std::string text;
};

/// The fixed part of a file frame and the name, ready to send.
auto encode_frame_start(std::string_view name, std::uint64_t file_length) -> std::string;

/// One blocking connection, written from PROTOCOL.md alone.
/// Failures of the network are std::system_error, an answer that is none is std::runtime_error.
class connection {
public:
    explicit connection(const endpoint& server);
    ~connection();
    connection(connection&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    auto operator=(connection&& other) noexcept -> connection&;

    /// Sends one file and waits for its answer, which may come early when it is an error.
    auto send_file(std::string_view name, std::string_view content) -> answer;

    /// \return false when the server answered or closed before everything was sent.
    auto send_bytes(std::string_view bytes) -> bool;
    auto read_answer() -> answer;

    /// Ends the connection with a reset, as a crashing peer would.
    void reset();

private:
    void receive_exactly(char* to, std::size_t size);

    int fd_ = -1;
};

}  // namespace ingest_client
