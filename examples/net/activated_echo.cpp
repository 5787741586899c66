// An echo that somebody else listens for: systemd, or whatever else passes on the sockets it has
// bound (LISTEN_FDS), or an inetd, which starts a program for each connection, as its descriptor 0.
// One that was activated ends when nobody has come for a while; the next client starts it again.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "common/program.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/net/unix_listener.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace {

struct options {
    std::chrono::milliseconds idle;
};

constexpr int first_passed = 3;

/// What an option of a socket is; -1 when `number` is no socket.
int option_of(int number, int option) {
    int value = -1;
    ::socklen_t size = sizeof value;
    return ::getsockopt(number, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

template <class Stream>
spargio::task<> echo(Stream client) {
    std::array<std::byte, 4096> buffer;
    for (;;) {
        auto size = co_await client.read_some(buffer);
        if (!size || *size == 0) {
            co_return;
        }
        auto sent = co_await client.write_all(std::span(buffer).first(*size));
        if (!sent) {
            co_return;
        }
    }
}

template <class Listener>
spargio::task<int> serve(spargio::result<Listener> listener, std::chrono::milliseconds idle) {
    if (!listener) {
        co_return program::complain("the socket passed", listener.error().message());
    }
    int status = program::exit_ok;
    spargio::task_group clients;
    for (;;) {
        auto client = co_await spargio::timeout(idle, listener->accept());
        if (client) {
            // One that is refused, because there are too many tasks, is closed.
            (void)clients.spawn(echo(std::move(*client)));
        } else if (client.error() == std::errc::timed_out) {
            if (clients.size() == 0) {
                break;
            }
        } else if (client.error() == std::errc::operation_canceled) {
            break;
        } else {
            // No descriptor is left, mostly: the next try would fail too, until a client leaves.
            (void)co_await spargio::sleep_for(std::chrono::milliseconds(10));
        }
    }
    co_await clients.join();
    co_return status;
}

/// One connection, and then the end.
template <class Stream>
spargio::task<int> serve_one(spargio::result<Stream> client) {
    if (!client) {
        co_return program::complain("descriptor 0", client.error().message());
    }
    co_await echo(std::move(*client));
    co_return program::exit_ok;
}

/// Whether the environment says that a socket was passed to this very process.
bool was_activated() {
    const char* whose = std::getenv("LISTEN_PID");
    const char* how_many = std::getenv("LISTEN_FDS");
    return whose != nullptr && how_many != nullptr && std::atoi(whose) == ::getpid() &&
           std::atoi(how_many) > 0;
}

spargio::task<int> work(options chosen) {
    const int number = was_activated() ? first_passed : STDIN_FILENO;
    const int family = option_of(number, SO_DOMAIN);
    const bool is_unix = family == AF_UNIX;
    if (option_of(number, SO_TYPE) != SOCK_STREAM ||
        (!is_unix && family != AF_INET && family != AF_INET6)) {
        co_return program::complain("descriptor " + std::to_string(number), "no stream socket");
    }
    if (option_of(number, SO_ACCEPTCONN) == 1) {
        if (is_unix) {
            co_return co_await serve(spargio::unix_listener::from_fd(number), chosen.idle);
        }
        co_return co_await serve(spargio::tcp_listener::from_fd(number), chosen.idle);
    }
    if (is_unix) {
        co_return co_await serve_one(spargio::unix_stream::from_fd(number));
    }
    co_return co_await serve_one(spargio::tcp_stream::from_fd(number));
}

options read(const program::arguments& given) {
    return {std::chrono::milliseconds(given.empty() ? 60'000
                                                    : program::number(given[0], 1, 3'600'000))};
}

}  // namespace

int main(int argc, char** argv) {
    return program::run<options>(
        argc, argv,
        {.usage = "activated_echo [IDLE_MS]\n"
                  "Serves the socket it is started with:\n"
                  "  systemd-socket-activate -l 127.0.0.1:7777 activated_echo 10000\n"
                  "  socat TCP-LISTEN:7777,bind=127.0.0.1,fork EXEC:activated_echo",
         .least_arguments = 0,
         .most_arguments = 1,
         .read = read,
         .work = work,
         .interrupted = program::exit_ok,
         .runtime = spargio::runtime_builder().shards(1)});
}
