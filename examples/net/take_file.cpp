// Takes a file over HTTP, one client after the other: what comes is moved to the file without
// passing through the program. The file is there when all of it is, or stays as it was.
#include <array>
#include <filesystem>
#include <string_view>

#include "common/program.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/fs/path.hpp"
#include "spargio/net/splice_pipe.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/time/timeout.hpp"

namespace {

constexpr auto patience = std::chrono::seconds(30);

struct options {
    spargio::socket_address listen;
    std::string file;
};

/// The head of a request, and what came of its body with it.
struct request {
    std::size_t size = 0;  ///< bytes of its body
    std::string begun;     ///< the first of them
    bool asks_first = false;
};

spargio::result<request> parse(std::string_view head, std::string_view begun) {
    const std::size_t at = head.find("\r\nContent-Length: ");
    if (!head.starts_with("PUT ") || at == head.npos) {
        return spargio::failure(EPROTO);
    }
    request wanted{.begun = std::string(begun),
                   .asks_first = head.find("\r\nExpect: 100-continue") != head.npos};
    head.remove_prefix(at + 18);
    if (std::from_chars(head.data(), head.data() + head.size(), wanted.size).ec != std::errc() ||
        begun.size() > wanted.size) {
        return spargio::failure(EPROTO);
    }
    return wanted;
}

spargio::task<spargio::result<request>> read_request(spargio::tcp_stream& client) {
    std::array<std::byte, 8192> buffer;
    std::size_t size = 0;
    while (size < buffer.size()) {
        auto count = co_await client.read_some(std::span(buffer).subspan(size));
        if (!count || *count == 0) {
            break;
        }
        size += *count;
        std::string_view text(reinterpret_cast<const char*>(buffer.data()), size);
        const std::size_t end = text.find("\r\n\r\n");
        if (end != text.npos) {
            co_return parse(text.substr(0, end), text.substr(end + 4));
        }
    }
    co_return spargio::failure(EPROTO);
}

/// Moves `left` bytes to `file` from `at` on. However it ends, nothing is in between.
spargio::task<spargio::result<void>> move_body(spargio::tcp_stream& client, spargio::fs::file& file,
                                               std::uint64_t at, std::uint64_t left) {
    auto pipe = spargio::splice_pipe::open();
    if (!pipe) {
        co_return std::unexpected(pipe.error());
    }
    while (left != 0) {
        auto most = std::min<std::uint64_t>(left, spargio::splice_pipe::capacity);
        auto filled = co_await spargio::timeout(patience, pipe->fill_from(client, most));
        if (!filled) {
            co_return std::unexpected(filled.error());
        }
        if (*filled == 0) {
            co_return std::unexpected(make_error_code(spargio::errc::end_of_stream));
        }
        left -= *filled;
        while (pipe->held() != 0) {
            auto drained = co_await pipe->drain_to(file, at);
            if (!drained) {
                co_return std::unexpected(drained.error());
            }
            at += *drained;
        }
    }
    co_return spargio::result<void>{};
}

spargio::task<spargio::result<void>> store(spargio::tcp_stream& client, const request& wanted,
                                           const std::string& path) {
    auto file = co_await spargio::fs::file::open(
        path, spargio::fs::open_options().write().create().truncate());
    if (!file) {
        co_return std::unexpected(file.error());
    }
    auto done = co_await file->write_all_at(std::as_bytes(std::span(wanted.begun)), 0);
    if (done && wanted.asks_first) {
        std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        done = co_await client.write_all(std::as_bytes(std::span(go_on)));
    }
    if (done) {
        done = co_await move_body(client, *file, wanted.begun.size(),
                                  wanted.size - wanted.begun.size());
    }
    if (done) {
        done = co_await file->fdatasync();
    }
    co_return done;
}

/// The answer, and what the client may still be sending: to close before would reset it, and the
/// answer with it.
spargio::task<> answer(spargio::tcp_stream& client, std::string status) {
    status = "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    auto sent = co_await client.write_all(std::as_bytes(std::span(status)));
    if (sent) {
        (void)co_await client.shutdown(spargio::shutdown_how::write);
        std::vector<std::byte> rest(65'536);
        while ((co_await client.read_some(rest)).value_or(0) != 0) {
        }
    }
}

spargio::task<> take(spargio::tcp_stream client, std::string path) {
    std::string status = "400 Bad Request";
    auto wanted = co_await spargio::timeout(patience, read_request(client));
    if (wanted) {
        const std::string part = path + ".part";
        auto stored = co_await store(client, *wanted, part);
        if (stored) {
            stored = co_await spargio::fs::rename(part, path);
        }
        status = "201 Created";
        if (!stored) {
            program::complain(path, stored.error().message());
            // Not through the ring: a task that was told to stop begins no operation.
            std::error_code ignored;
            std::filesystem::remove(part, ignored);
            status = stored.error() == std::errc::no_space_on_device ? "507 Insufficient Storage"
                                                                     : "500 Internal Server Error";
        }
    }
    (void)co_await spargio::timeout(std::chrono::seconds(2), answer(client, std::move(status)));
}

spargio::task<int> serve(options chosen) {
    auto listener = spargio::tcp_listener::bind(chosen.listen);
    if (!listener) {
        co_return program::complain(to_string(chosen.listen), listener.error().message());
    }
    auto address = value_or_throw(listener->local_address());
    std::printf("send it: curl -T FILE http://%s\n", to_string(address).c_str());
    std::fflush(stdout);
    for (;;) {
        auto client = co_await listener->accept();
        if (client) {
            co_await take(std::move(*client), chosen.file);
        } else if (client.error() == std::errc::operation_canceled) {
            co_return program::exit_ok;
        } else {
            // They are served in turn, so that descriptors come back.
            program::complain("not accepted", client.error().message());
        }
    }
}

options read(const program::arguments& given) {
    const auto folder = std::filesystem::absolute(given[1]).parent_path();
    if (!std::filesystem::is_directory(folder)) {
        throw program::bad_argument(folder.string() + " is no folder");
    }
    return {program::internet_address(given[0]), given[1]};
}

}  // namespace

int main(int argc, char** argv) {
    return program::run<options>(argc, argv,
                                 {.usage =
                                      "take_file LISTEN FILE\n"
                                      "Stores what is sent by HTTP to LISTEN, an ADDRESS:PORT, as "
                                      "FILE.",
                                  .least_arguments = 2,
                                  .most_arguments = 2,
                                  .read = read,
                                  .work = serve,
                                  .interrupted = program::exit_ok});
}
