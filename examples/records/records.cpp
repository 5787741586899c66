// A little record store for two kinds of clients: lines of text on one port, frames of bytes on the
// other. Both add records and ask for them by number; a client that says nothing for a minute goes.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <deque>
#include <string>

#include "spargio/io/buf_reader.hpp"
#include "spargio/io/buf_writer.hpp"
#include "spargio/io/framed.hpp"
#include "spargio/io/length_delimited_codec.hpp"
#include "spargio/io/transfer.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

constexpr auto patience = std::chrono::minutes(1);
constexpr std::size_t longest_record = 1024;
constexpr std::size_t most_records = 10'000;

/// All clients are served on one shard, so it needs no lock.
struct store {
    std::deque<std::string> records;

    /// "+text" adds a record and answers its number, a number answers the record.
    std::string answer(std::string_view request) {
        if (request.starts_with('+')) {
            if (records.size() == most_records)
                return "full";
            records.emplace_back(request.substr(1));
            return std::to_string(records.size() - 1);
        }
        std::size_t number = records.size();
        std::from_chars(request.data(), request.data() + request.size(), number);
        return number < records.size() ? records[number] : "none";
    }
};

/// Lines: a view of each where it lies in the buffer, and one write for the answers to all that
/// came together.
spargio::task<> talk_in_lines(spargio::tcp_stream client, store& kept) {
    spargio::buf_reader<spargio::tcp_stream&> reader(client, longest_record);
    spargio::buf_writer<spargio::tcp_stream&> writer(client);
    for (;;) {
        auto line = co_await spargio::timeout(patience, reader.read_line());
        if (!line || !*line)
            co_return;  // too long, too late, or the end
        const std::string answer = kept.answer(**line) + '\n';
        auto written = co_await spargio::write_all(writer, std::as_bytes(std::span(answer)));
        const auto more = reader.buffered();
        if (written && std::ranges::find(more, std::byte{'\n'}) == more.end())
            written = co_await writer.flush();
        if (!written)
            co_return;
    }
}

/// Frames: two bytes of length, then the request.
spargio::task<> talk_in_frames(spargio::tcp_stream client, store& kept) {
    const spargio::length_delimited_codec codec({.length_bytes = 2, .max_frame = longest_record});
    spargio::framed frames(std::move(client), codec);
    for (;;) {
        auto frame = co_await spargio::timeout(patience, frames.next());
        if (!frame || !*frame)
            co_return;
        const auto* text = reinterpret_cast<const char*>((*frame)->data());
        const std::string answer = kept.answer({text, (*frame)->size()});
        auto sent = co_await frames.send(std::as_bytes(std::span(answer)));
        if (!sent)
            co_return;
    }
}

using conversation = spargio::task<> (*)(spargio::tcp_stream, store&);

spargio::task<> serve(spargio::tcp_listener listener, conversation talk, store& kept) {
    for (;;) {
        auto client = co_await listener.accept();
        if (!client) {
            // No descriptor is left, mostly: the next try would fail too, until a client leaves.
            auto waited = co_await spargio::sleep_for(std::chrono::milliseconds(10));
            if (!waited)
                co_return;
            continue;
        }
        // One that is refused, because there are too many tasks, is closed.
        (void)spargio::this_shard::spawn(talk(std::move(*client), kept));
    }
}

spargio::task<> serve_both() {
    store kept;
    auto lines =
        value_or_throw(spargio::tcp_listener::bind(spargio::socket_address::loopback_v4(0)));
    auto frames =
        value_or_throw(spargio::tcp_listener::bind(spargio::socket_address::loopback_v4(0)));
    std::printf("lines: nc 127.0.0.1 %d\n", value_or_throw(lines.local_address()).port());
    std::printf("frames: 127.0.0.1 %d\n", value_or_throw(frames.local_address()).port());
    std::fflush(stdout);
    co_await spargio::when_all(serve(std::move(lines), talk_in_lines, kept),
                               serve(std::move(frames), talk_in_frames, kept));
}

int main() {
    spargio::run_with(spargio::runtime_builder().shards(1), serve_both);
}
