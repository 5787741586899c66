// A TCP proxy on all CPUs. Each client is joined to a connection of its own to the target; what one
// side ends is ended on the other, and a peer whose machine has gone is not waited for for ever.
#include "common/program.hpp"
#include "spargio/io/copy.hpp"
#include "spargio/net/tcp_listener_group.hpp"
#include "spargio/time/timeout.hpp"

namespace {

struct options {
    spargio::socket_address listen;
    spargio::socket_address target;
    std::chrono::milliseconds patience;
};

/// Who says nothing for a minute is asked whether it is there; a silent machine is given up.
void notice_when_gone(spargio::tcp_stream& stream) {
    (void)stream.set_keep_alive(spargio::keep_alive{});
    (void)stream.set_user_timeout(std::chrono::minutes(2));
}

spargio::task<> serve(spargio::tcp_stream client, options chosen) {
    auto peer = client.peer_address();
    const std::string who = peer ? to_string(*peer) : "somebody who has gone";
    auto server =
        co_await spargio::timeout(chosen.patience, spargio::tcp_stream::connect(chosen.target));
    if (!server) {
        program::complain(who + " to " + to_string(chosen.target), server.error().message());
        // Reset, for an end would look like an answer that is empty.
        (void)client.set_linger(std::chrono::seconds(0));
        co_return;
    }
    notice_when_gone(client);
    notice_when_gone(*server);
    auto copied = co_await spargio::copy_bidirectional(client, *server, 65'536);
    if (!copied) {
        program::complain(who, copied.error().message());
        co_return;
    }
    std::fprintf(stderr, "%s: %llu bytes there, %llu back\n", who.c_str(),
                 static_cast<unsigned long long>(copied->first),
                 static_cast<unsigned long long>(copied->second));
}

spargio::task<int> proxy(options chosen) {
    auto listeners = spargio::tcp_listener_group::bind(chosen.listen);
    if (!listeners) {
        co_return program::complain(to_string(chosen.listen), listeners.error().message());
    }
    auto address = value_or_throw(listeners->local_address());
    std::printf("talk to it: socat STDIO TCP:%s\n", to_string(address).c_str());
    std::fflush(stdout);
    auto served = co_await listeners->serve(
        [chosen](spargio::tcp_stream client) { return serve(std::move(client), chosen); });
    co_return served ? program::exit_ok
                     : program::complain("no longer serving", served.error().message());
}

options read(const program::arguments& given) {
    return {program::internet_address(given[0]), program::internet_address(given[1]),
            std::chrono::milliseconds(given.size() > 2 ? program::number(given[2], 1, 3'600'000)
                                                       : 10'000)};
}

}  // namespace

int main(int argc, char** argv) {
    return program::run<options>(argc, argv,
                                 {.usage = "tcp_proxy LISTEN TARGET [CONNECT_MS]\n"
                                           "Passes connections to LISTEN on to TARGET, each an\n"
                                           "ADDRESS:PORT; connecting takes CONNECT_MS at most.",
                                  .least_arguments = 2,
                                  .most_arguments = 3,
                                  .read = read,
                                  .work = proxy,
                                  .interrupted = program::exit_ok});
}
