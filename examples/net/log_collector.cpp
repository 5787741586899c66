// Collects what programs of this machine log, as syslogd does: datagrams at the path of a Unix
// socket, each "<priority>message", become lines of a file.
#include <array>
#include <filesystem>
#include <string_view>

#include "common/program.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/net/unix_datagram.hpp"

namespace {

struct options {
    std::string path;
    spargio::socket_address address;
    std::string file;
};

constexpr std::size_t longest_message = 8192;

/// "<14>text" as "user.info text"; what has no priority has the one syslog(3) gives it.
std::string line_of(std::string_view message) {
    static constexpr std::array<const char*, 8> severities{"emerg",   "alert",  "crit", "err",
                                                           "warning", "notice", "info", "debug"};
    static constexpr std::array<const char*, 24> facilities{
        "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
        "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
        "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
    unsigned priority = 13;
    const std::size_t close = message.find('>');
    if (message.starts_with('<') && close != message.npos) {
        unsigned read = 0;
        auto [end, error] = std::from_chars(message.data() + 1, message.data() + close, read);
        if (error == std::errc() && end == message.data() + close && read < 192) {
            priority = read;
            message.remove_prefix(close + 1);
        }
    }
    std::string line = facilities[priority / 8];
    line += std::string(".") + severities[priority % 8] + " ";
    // A message is one line, whatever is in it.
    for (const char each : message) {
        line += each == '\n' ? ' ' : each;
    }
    return line;
}

spargio::task<int> collect(options chosen) {
    auto file = co_await spargio::fs::file::open(chosen.file,
                                                 spargio::fs::open_options().append().create());
    if (!file) {
        co_return program::complain(chosen.file, file.error().message());
    }
    auto socket = spargio::unix_datagram::bind(chosen.address, {.replace_stale = true});
    if (!socket) {
        co_return program::complain(chosen.path, socket.error().message());
    }
    std::printf("log something: logger -d hello -u %s\n", chosen.path.c_str());
    std::fflush(stdout);
    std::vector<std::byte> buffer(longest_message);
    for (;;) {
        auto got = co_await socket->recv_from(buffer);
        if (!got) {
            // Not through the ring: a task that was told to stop begins no operation.
            std::error_code ignored;
            std::filesystem::remove(chosen.path, ignored);
            co_return got.error() == std::errc::operation_canceled
                ? program::exit_ok
                : program::complain(chosen.path, got.error().message());
        }
        std::string line = line_of({reinterpret_cast<const char*>(buffer.data()), got->size});
        if (got->truncated()) {
            line += " [cut: " + std::to_string(got->full_size) + " bytes]";
        }
        const std::string ended = line + '\n';
        auto written = co_await file->write_all_at(std::as_bytes(std::span(ended)), 0);
        if (!written) {
            // Not the end: there may be room again for the next one.
            program::complain(chosen.file, written.error().message() + ", lost: " + line);
        }
    }
}

options read(const program::arguments& given) {
    return {given[0], program::unix_address(given[0]), given[1]};
}

}  // namespace

int main(int argc, char** argv) {
    return program::run<options>(argc, argv,
                                 {.usage = "log_collector PATH FILE\n"
                                           "Appends what is logged to the socket PATH to FILE.",
                                  .least_arguments = 2,
                                  .most_arguments = 2,
                                  .read = read,
                                  .work = collect,
                                  .interrupted = program::exit_ok});
}
