#include "session.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string_view>
#include <vector>

#include "spargio/time/timeout.hpp"

#include "input.hpp"
#include "reply.hpp"
#include "request_parser.hpp"

namespace keyed_router {

using spargio::result;
using spargio::task;
using spargio::tcp_stream;

namespace {

constexpr std::chrono::seconds linger_time{1};

/// Reads and drops what the client still sends, up to its end: closing on unread bytes would reset
/// the connection, and the client might never see the last reply.
auto discard(tcp_stream& stream) -> task<result<void>> {
    constexpr std::size_t most = 16 * 1024 * 1024;
    std::array<std::byte, 4096> dropped;
    for (std::size_t count = 0; count < most;) {
        auto more = co_await stream.read_some(dropped);
        if (!more || *more == 0) {
            break;
        }
        count += *more;
    }
    co_return result<void>{};
}

auto linger(tcp_stream& stream) -> task<> {
    auto finished = co_await stream.shutdown(spargio::shutdown_how::write);
    if (finished) {
        (void)co_await spargio::timeout(linger_time, discard(stream));
    }
}

/// Present among a shard's connections as long as it lives.
class presence {
public:
    presence(partition& home, int connection) : home_(home), connection_(connection) {
        home_.enter(connection);
    }
    presence(const presence&) = delete;
    auto operator=(const presence&) -> presence& = delete;
    ~presence() { home_.leave(connection_); }

private:
    partition& home_;
    const int connection_;
};

class session {
public:
    session(tcp_stream stream, const session_environment& environment)
        : stream_(std::move(stream)),
          env_(environment),
          home_(env_.facts.keys->of(stream_.session_shard())),
          here_(home_, stream_.fd()),
          parser_(env_.chosen->request),
          // Every shard may have a part of the replies in hand, and the session two more.
          batch_(*env_.facts.keys, stream_.session_shard(),
                 env_.chosen->unsent_bytes / (env_.facts.keys->shards() + 2)) {}

    auto run() -> task<> {
        for (;;) {
            take_requests();
            if (!batch_.empty()) {
                auto answered = co_await answer();
                if (!answered) {
                    co_return;
                }
                if (closing_) {
                    co_return co_await linger(stream_);
                }
                continue;  // there may be more requests where these came from
            }
            auto count = co_await stream_.read_some(input_.room());
            if (!count || *count == 0) {
                co_return;
            }
            input_.received(*count);
        }
    }

private:
    /// Makes a batch of the complete requests that were received.
    void take_requests() {
        std::uint64_t taken = 0;
        while (!closing_ && batch_.has_room()) {
            const auto bytes = input_.bytes().subspan(used_);
            const auto state = parser_.parse(bytes);
            if (state == request_parser::state::incomplete) {
                break;
            }
            if (state == request_parser::state::malformed) {
                batch_.answer(
                    [&](std::string& out) { reply::error(out, "ERR " + parser_.error()); });
                closing_ = true;
                break;
            }
            if (!parser_.args().empty()) {
                args_.clear();
                for (const auto& [offset, size] : parser_.args()) {
                    args_.emplace_back(bytes.data() + offset, size);
                }
                closing_ = dispatch(args_, batch_, env_.facts) == then::close;
                ++taken;
            }
            used_ += parser_.size();
            parser_.next();
        }
        if (batch_.empty()) {
            drop_used();
        }
        home_.commands.store(home_.commands.load(std::memory_order_relaxed) + taken,
                             std::memory_order_relaxed);
    }

    void drop_used() {
        input_.use(used_);
        used_ = 0;
    }

    /// Has the batch performed and sends the replies, in pieces if they are long: what is not taken
    /// by the client keeps the rest from being performed.
    auto answer() -> task<result<void>> {
        for (bool all = false; !all;) {
            auto ran = co_await batch_.run();
            if (!ran) {
                co_return ran;
            }
            all = batch_.take_replies(replies_);
            auto sent = co_await stream_.write_all(std::as_bytes(std::span(replies_)));
            if (!sent) {
                co_return sent;
            }
            replies_.clear();
        }
        batch_.clear();
        drop_used();
        forget_long_request();
        co_return result<void>{};
    }

    void forget_long_request() {
        constexpr std::size_t most_kept = 64 * 1024;
        if (replies_.capacity() > most_kept) {
            replies_ = std::string();
        }
        if (args_.capacity() * sizeof(args_[0]) > most_kept) {
            args_ = std::vector<std::string_view>();
        }
    }

    tcp_stream stream_;
    session_environment env_;
    partition& home_;
    presence here_;
    input input_;
    request_parser parser_;
    std::size_t used_ = 0;  // bytes of the input that the batch was made of
    std::vector<std::string_view> args_;
    batch batch_;
    std::string replies_;
    bool closing_ = false;
};

}  // namespace

auto serve_session(tcp_stream stream, session_environment environment) -> task<> {
    try {
        session serving(std::move(stream), environment);
        co_await serving.run();
    } catch (const std::exception& error) {
        // Out of memory, most likely: this client is lost, the others go on.
        std::fprintf(stderr, "keyed_router: a session ended: %s\n", error.what());
    }
}

auto refuse_session(tcp_stream stream) -> task<> {
    constexpr std::string_view why = "-ERR max number of clients reached\r\n";
    auto told = co_await stream.write_all(std::as_bytes(std::span(why)));
    if (told) {
        co_await linger(stream);
    }
}

}  // namespace keyed_router
