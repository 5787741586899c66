// One file over HTTP, to anybody on all shards, without a copy of it in the program.
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "spargio/net/send_file.hpp"
#include "spargio/net/tcp_listener_group.hpp"
#include "spargio/runtime/run.hpp"

/// Whether the request ended in an empty line; one longer than the buffer does not.
spargio::task<bool> read_request(spargio::tcp_stream& client) {
    std::array<std::byte, 4096> buffer;
    std::size_t size = 0;
    while (size < buffer.size()) {
        auto count = co_await client.read_some(std::span(buffer).subspan(size));
        if (!count || *count == 0) {
            co_return false;
        }
        size += *count;
        std::string_view request(reinterpret_cast<const char*>(buffer.data()), size);
        if (request.ends_with("\r\n\r\n")) {
            co_return true;
        }
    }
    co_return false;
}

spargio::task<> answer(spargio::tcp_stream client, std::string path) {
    if (!co_await read_request(client)) {
        co_return;
    }
    auto file = co_await spargio::fs::file::open(path, spargio::fs::open_options().read());
    if (!file) {
        std::string_view gone = "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        (void)co_await client.write_all(std::as_bytes(std::span(gone)));
        co_return;
    }
    auto size = spargio::value_or_throw(co_await file->size());
    std::string head = "HTTP/1.0 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
    spargio::value_or_throw(co_await client.write_all(std::as_bytes(std::span(head))));
    auto sent = co_await spargio::send_file(client, *file, 0, size);
    if (sent.error) {
        std::fprintf(stderr, "after %llu bytes: %s\n", static_cast<unsigned long long>(sent.bytes),
                     sent.error.message().c_str());
    }
}

spargio::task<> serve(std::string path) {
    auto any_port = spargio::socket_address::loopback_v4(0);
    auto group = value_or_throw(spargio::tcp_listener_group::bind(any_port));
    auto address = value_or_throw(group.local_address());
    std::printf("fetch it: curl http://127.0.0.1:%d\n", address.port());
    std::fflush(stdout);
    auto session = [path](spargio::tcp_stream client) { return answer(std::move(client), path); };
    spargio::value_or_throw(co_await group.serve(std::move(session)));
}

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "send_file PATH\n");
        return 2;
    }
    spargio::run([path = std::string(argv[1])] { return serve(path); });
}
