// Sends a file over HTTP, its bytes in one of the forms a stream can be written to. Head and
// beginning of the file go out together, without being put together.
#include <array>
#include <filesystem>

#include "common/program.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/io/transfer.hpp"
#include "spargio/net/tcp_stream.hpp"
#include "spargio/time/timeout.hpp"

namespace {

using bytes = std::vector<std::byte>;
using outcome = spargio::result<void>;

constexpr std::size_t block = 256 * 1024;
constexpr std::size_t most_at_once = 16;

/// A file that is read from its beginning to the size it had then.
struct source {
    spargio::fs::file file;
    std::uint64_t size;
    std::uint64_t at = 0;

    /// The next bytes of it, in `room`, which is cut to their number: 0 at the end.
    spargio::task<outcome> read(bytes& room) {
        room.resize(std::min<std::uint64_t>(block, size - at));
        auto filled = co_await file.read_exact_at(room, at);
        if (filled) {
            at += room.size();
        }
        co_return filled;
    }
};

/// One buffer, which the stream looks at while it sends.
spargio::task<outcome> send_copied(spargio::tcp_stream& to, source& from) {
    bytes room;
    for (;;) {
        auto done = co_await from.read(room);
        if (!done || room.empty()) {
            co_return done;
        }
        done = co_await to.write_all(room);
        if (!done) {
            co_return done;
        }
    }
}

/// One buffer, which the stream has while it sends, and gives back: nothing has to outlive
/// anything.
spargio::task<outcome> send_owned(spargio::tcp_stream& to, source& from) {
    bytes room;
    for (;;) {
        auto done = co_await from.read(room);
        if (!done || room.empty()) {
            co_return done;
        }
        auto sent = co_await to.write_all_owned(std::move(room));
        if (!sent.outcome) {
            co_return sent.outcome;
        }
        room = std::move(sent.buffer);
    }
}

/// Many buffers a call, however few of their bytes a request takes.
spargio::task<outcome> send_batched(spargio::tcp_stream& to, source& from) {
    std::array<bytes, most_at_once> rooms;
    for (;;) {
        std::vector<std::span<const std::byte>> filled;
        for (bytes& room : rooms) {
            auto done = co_await from.read(room);
            if (!done) {
                co_return done;
            }
            filled.push_back(room);
        }
        if (rooms.front().empty()) {
            co_return outcome{};
        }
        auto sent = co_await to.send_all_batch(filled);
        if (!sent) {
            co_return sent;
        }
    }
}

/// A buffer a block, which the kernel sends out of and which is freed when it is through.
spargio::task<outcome> send_zero_copy(spargio::tcp_stream& to, source& from) {
    for (;;) {
        bytes room;
        auto done = co_await from.read(room);
        if (!done || room.empty()) {
            co_return done;
        }
        done = co_await to.write_all_zero_copy(std::move(room));
        if (!done) {
            co_return done;
        }
    }
}

using way = spargio::task<outcome> (*)(spargio::tcp_stream&, source&);

struct options {
    spargio::socket_address server;
    std::filesystem::path file;
    way send = send_copied;
};

/// The head and as much of the file as goes with it in one request.
spargio::task<outcome> begin(spargio::tcp_stream& to, source& from, std::string head) {
    bytes first;
    auto done = co_await from.read(first);
    if (!done) {
        co_return done;
    }
    auto head_bytes = std::as_bytes(std::span(head));
    const std::array<std::span<const std::byte>, 2> pieces{head_bytes, first};
    auto sent = co_await to.write_vectored(pieces);
    if (!sent) {
        co_return std::unexpected(sent.error());
    }
    if (*sent < head_bytes.size()) {
        done = co_await to.write_all(head_bytes.subspan(*sent));
        *sent = head_bytes.size();
    }
    from.at = *sent - head_bytes.size();
    co_return done;
}

/// What the server says about it, as far as it fits a page.
spargio::task<spargio::result<std::string>> hear(spargio::tcp_stream& from) {
    bytes answer;
    auto read = co_await spargio::timeout(std::chrono::seconds(30),
                                          spargio::read_to_end(from, answer, 4096));
    // It may be longer: the first line is enough.
    if (!read && (read.error() != spargio::errc::limit_exceeded)) {
        co_return std::unexpected(read.error());
    }
    std::string text(reinterpret_cast<const char*>(answer.data()), answer.size());
    co_return text.substr(0, text.find_first_of("\r\n"));
}

spargio::task<int> put(options chosen) {
    auto file = co_await spargio::fs::file::open(chosen.file, spargio::fs::open_options().read());
    if (!file) {
        co_return program::complain(chosen.file, file.error().message());
    }
    auto size = co_await file->size();
    if (!size) {
        co_return program::complain(chosen.file, size.error().message());
    }
    auto server = co_await spargio::timeout(std::chrono::seconds(10),
                                            spargio::tcp_stream::connect(chosen.server));
    if (!server) {
        co_return program::complain(to_string(chosen.server), server.error().message());
    }
    source from{std::move(*file), *size};
    std::string head = "PUT /" + chosen.file.filename().string() +
                       " HTTP/1.0\r\nContent-Length: " + std::to_string(*size) + "\r\n\r\n";
    auto sent = co_await begin(*server, from, std::move(head));
    if (sent) {
        sent = co_await chosen.send(*server, from);
    }
    // A server that has no room says so, and lets us go before it has all.
    auto said = co_await hear(*server);
    if (said && !said->empty()) {
        std::printf("%s\n", said->c_str());
        const bool taken = said->starts_with("HTTP/1.") && said->find(" 2") == 8;
        co_return sent&& taken ? program::exit_ok : program::exit_failed;
    }
    co_return program::complain(to_string(chosen.server), !sent   ? sent.error().message()
                                                          : !said ? said.error().message()
                                                                  : "no answer");
}

options read(const program::arguments& given) {
    options chosen{program::internet_address(given[0]), given[1]};
    const std::string form = given.size() > 2 ? given[2] : "copied";
    static constexpr std::pair<const char*, way> forms[] = {{"copied", send_copied},
                                                            {"owned", send_owned},
                                                            {"batched", send_batched},
                                                            {"zero-copy", send_zero_copy}};
    for (auto [name, send] : forms) {
        if (form == name) {
            chosen.send = send;
            return chosen;
        }
    }
    throw program::bad_argument("'" + form + "' is none of the forms");
}

}  // namespace

int main(int argc, char** argv) {
    return program::run<options>(
        argc, argv,
        {.usage =
             "put_file SERVER FILE [copied|owned|batched|zero-copy]\n"
             "Sends FILE to the HTTP server at SERVER, an ADDRESS:PORT, and prints its answer.",
         .least_arguments = 2,
         .most_arguments = 3,
         .read = read,
         .work = put});
}
