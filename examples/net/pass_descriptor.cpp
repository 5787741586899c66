// Counts the bytes of files it may not open: clients pass it their descriptors over a Unix socket.
// To a line without a descriptor it answers with the same line.
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>

#include "spargio/net/unix_listener.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/time/sleep.hpp"

spargio::task<> answer(spargio::unix_stream client) {
    std::array<std::byte, 4096> buffer;
    for (;;) {
        auto got = co_await client.receive_with_descriptors(buffer);
        if (!got || (got->size == 0 && got->descriptors.empty())) {
            co_return;
        }
        std::string said(reinterpret_cast<const char*>(buffer.data()), got->size);
        if (!got->descriptors.empty()) {
            said.clear();
        }
        // They close when `got` goes.
        for (const auto& file : got->descriptors) {
            struct ::stat status {};
            const bool known = ::fstat(file.get(), &status) == 0;
            said += known ? std::to_string(status.st_size) + " bytes\n" : "unknown\n";
        }
        auto sent = co_await client.write_all(std::as_bytes(std::span(said)));
        if (!sent) {
            co_return;
        }
    }
}

spargio::task<> serve(std::string path) {
    auto address = value_or_throw(spargio::socket_address::unix_path(path));
    auto listener = value_or_throw(spargio::unix_listener::bind(address, {.replace_stale = true}));
    std::printf("say something: nc -U %s\n", path.c_str());
    std::fflush(stdout);
    for (;;) {
        auto client = co_await listener.accept();
        if (!client) {
            // No descriptor is left, mostly: the next try would fail too, until a client leaves.
            auto waited = co_await spargio::sleep_for(std::chrono::milliseconds(10));
            if (!waited) {
                co_return;
            }
            continue;
        }
        // One that is refused, because there are too many tasks, is closed.
        (void)std::move(*client).spawn_on_session(answer);
    }
}

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "pass_descriptor PATH\n");
        return 2;
    }
    spargio::run([path = std::string(argv[1])] { return serve(path); });
}
