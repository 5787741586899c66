// A calculator for people at a terminal: a line "6 * 7" is answered by a line. The conversation is
// written once, for whatever carries bytes: sockets here, and a pipe in memory when the program
// checks itself.
#include <optional>
#include <string_view>

#include "common/program.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/io/duplex_pipe.hpp"
#include "spargio/io/framed.hpp"
#include "spargio/io/line_codec.hpp"
#include "spargio/io/split.hpp"
#include "spargio/io/transfer.hpp"
#include "spargio/net/tcp_listener_group.hpp"
#include "spargio/time/timeout.hpp"

namespace {

constexpr std::string_view greeting = "calculator 1\n";
constexpr std::size_t longest_line = 256;

struct options {
    std::optional<spargio::socket_address> listen;
    std::chrono::milliseconds patience{60'000};
};

auto bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Takes a number from the front of `text`.
std::optional<double> take_number(std::string_view& text) {
    double number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

std::string calculate(std::string line) {
    constexpr const char* not_understood = "not understood: NUMBER + - * / NUMBER";
    std::erase(line, ' ');
    std::string_view text(line);
    const auto left = take_number(text);
    if (!left || text.empty()) {
        return not_understood;
    }
    const char sign = text.front();
    text.remove_prefix(1);
    const auto right = take_number(text);
    if (!right || !text.empty()) {
        return not_understood;
    }
    double value = 0;
    switch (sign) {
    case '+':
        value = *left + *right;
        break;
    case '-':
        value = *left - *right;
        break;
    case '*':
        value = *left * *right;
        break;
    case '/':
        value = *left / *right;
        break;
    default:
        return not_understood;
    }
    char digits[32];
    return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

/// One conversation: a greeting, then an answer a line, until the other side ends it.
template <class Stream>
spargio::task<> converse(Stream stream, std::chrono::milliseconds patience) {
    auto greeted = co_await spargio::write_all(stream, bytes_of(greeting));
    if (!greeted) {
        co_return;
    }
    spargio::framed<Stream, spargio::line_codec> lines(std::move(stream),
                                                       spargio::line_codec(longest_line));
    for (;;) {
        auto line = co_await spargio::timeout(patience, lines.next());
        std::string answer;
        if (line) {
            if (!*line) {
                co_return;  // the end
            }
            answer = calculate(std::string(**line));
        } else {
            answer = "good-bye: " + line.error().message();
        }
        auto sent = co_await lines.send(answer);
        if (!sent || !line) {
            co_return;
        }
    }
}

// --- the check ----------------------------------------------------------------------------------

constexpr int questions = 1000;

template <class Writer>
spargio::task<spargio::result<void>> ask(Writer to) {
    for (int i = 0; i < questions; ++i) {
        const std::string line = std::to_string(i) + " * 2\r\n";
        auto asked = co_await spargio::write_all(to, bytes_of(line));
        if (!asked) {
            co_return asked;
        }
    }
    co_return co_await to.shutdown();
}

/// \return what is wrong with the answers; empty: nothing
template <class Reader>
spargio::task<std::string> read_answers(Reader from) {
    std::vector<std::byte> first(greeting.size());
    auto greeted = co_await spargio::read_exact(from, first);
    if (!greeted || text_of(first) != greeting) {
        co_return "no greeting";
    }
    std::vector<std::byte> rest;
    auto read = co_await spargio::read_to_end(from, rest, 1 << 20);
    if (!read) {
        co_return read.error().message();
    }
    std::string right;
    for (int i = 0; i < questions; ++i) {
        right += std::to_string(2 * i) + "\n";
    }
    co_return text_of(rest) == right ? "" : "wrong answers: " + text_of(rest);
}

/// A conversation with itself, through a pipe that holds a few lines. So one half has to read while
/// the other writes: who asked everything first would wait for ever.
spargio::task<int> check_itself(options chosen) {
    auto [server, client] = spargio::duplex_pipe(64);
    auto serving = spargio::this_shard::spawn(
        converse<spargio::duplex_end>(std::move(server), chosen.patience));
    if (!serving) {
        co_return program::complain("not started", serving.error().message());
    }
    auto [reading, writing] = spargio::split(std::move(client));
    auto [asked, wrong] =
        co_await when_all(ask(std::move(writing)), read_answers(std::move(reading)));
    co_await std::move(*serving);
    if (!asked || !wrong.empty()) {
        co_return program::complain("the check", asked ? wrong : asked.error().message());
    }
    std::printf("%d questions were answered right\n", questions);
    co_return program::exit_ok;
}

spargio::task<int> work(options chosen) {
    if (!chosen.listen) {
        co_return co_await check_itself(chosen);
    }
    auto listeners = spargio::tcp_listener_group::bind(*chosen.listen);
    if (!listeners) {
        co_return program::complain(to_string(*chosen.listen), listeners.error().message());
    }
    auto address = value_or_throw(listeners->local_address());
    std::printf("calculate: socat STDIO TCP:%s\n", to_string(address).c_str());
    std::fflush(stdout);
    auto served = co_await listeners->serve([chosen](spargio::tcp_stream client) {
        return converse<spargio::tcp_stream>(std::move(client), chosen.patience);
    });
    co_return served ? program::exit_ok
                     : program::complain("no longer serving", served.error().message());
}

options read(const program::arguments& given) {
    options chosen;
    if (given[0] != "--check") {
        chosen.listen = program::internet_address(given[0]);
    }
    if (given.size() > 1) {
        chosen.patience = std::chrono::milliseconds(program::number(given[1], 1, 3'600'000));
    }
    return chosen;
}

}  // namespace

int main(int argc, char** argv) {
    return program::run<options>(
        argc, argv,
        {.usage = "calculator LISTEN|--check [PATIENCE_MS]\n"
                  "Calculates for clients of LISTEN, an ADDRESS:PORT, who may be silent for\n"
                  "PATIENCE_MS; or has a conversation with itself.",
         .least_arguments = 1,
         .most_arguments = 2,
         .read = read,
         .work = work,
         .interrupted = program::exit_ok});
}
