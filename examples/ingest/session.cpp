#include "session.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "spargio/core/error.hpp"
#include "spargio/time/timeout.hpp"

#include "inbound.hpp"
#include "protocol.hpp"
#include "sha256.hpp"
#include "storage_status.hpp"
#include "unfinished_file.hpp"

namespace ingest {
namespace {

using spargio::result;
using spargio::task;
using spargio::tcp_stream;

constexpr std::chrono::seconds linger_time{1};
constexpr std::size_t linger_bytes = 16 * 1024 * 1024;

// No co_await stands in the condition of an if or a loop here: in a coroutine without a local
// variable g++ 12 drops such an await without a word.

auto write_answer(tcp_stream& stream, answer reply) -> task<result<void>> {
    co_return co_await stream.write_all(reply.bytes());
}

auto linger(tcp_stream& stream, inbound& in) -> task<> {
    auto finished = co_await stream.shutdown(spargio::shutdown_how::write);
    if (finished) {
        (void)co_await spargio::timeout(linger_time, in.discard(linger_bytes));
    }
}

/// What became of one frame.
struct outcome {
    status code;
    digest checksum{};
};

class session {
public:
    session(tcp_stream stream, session_environment environment)
        : stream_(std::move(stream)),
          env_(environment),
          in_(stream_, env_.limits->buffer_bytes, env_.limits->idle_timeout) {}

    auto run() -> task<> {
        add(env_.counted->sessions);
        for (auto more = true; more;) {
            more = co_await serve_frame();
        }
    }

private:
    /// \return whether another frame may follow.
    auto serve_frame() -> task<bool> {
        auto start = co_await in_.peek(1);
        if (start && start->empty()) {
            co_return false;  // the client is done
        }
        if (!start) {
            if (start.error() == std::errc::timed_out) {
                co_await send_last(status::timed_out);
            }
            co_return false;
        }
        if (env_.draining->load() || !change_phase(session_phase::idle, session_phase::busy)) {
            co_await send_last(status::shutting_down);
            co_return false;
        }
        auto done = co_await receive_file();
        if (!done) {
            co_await give_up(done.error());
            co_return false;
        }
        if (ends_connection(done->code)) {
            co_await send_last(done->code);
            co_return false;
        }
        auto answered = co_await send(*done);
        change_phase(session_phase::busy, session_phase::idle);
        co_return answered && !(env_.draining->load() && in_.is_empty());
    }

    auto receive_file() -> task<result<outcome>> {
        auto fixed = co_await take_exactly(file_header_size);
        if (!fixed) {
            co_return std::unexpected(fixed.error());
        }
        auto header =
            parse_file_header(fixed->first<file_header_size>(), env_.limits->max_file_bytes);
        if (!header) {
            co_return outcome{header.error()};
        }
        auto named = co_await take_exactly(header->name_length);
        if (!named) {
            co_return std::unexpected(named.error());
        }
        std::string name(reinterpret_cast<const char*>(named->data()), named->size());
        co_return co_await store_content(std::move(name), header->file_length);
    }

    /// Receives the content whatever happens to the file: the next frame starts behind it.
    auto store_content(std::string name, std::uint64_t length) -> task<result<outcome>> {
        outcome done{status::ok};
        std::optional<unfinished_file> file;
        if (!is_valid_name(name)) {
            done.code = status::bad_name;
        } else if (auto created = co_await unfinished_file::create(env_.store)) {
            file.emplace(std::move(*created));
        } else {
            done.code = storage_status(created.error());
        }

        sha256 hash;
        for (auto left = length; left > 0;) {
            auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, in_.capacity()));
            auto chunk = co_await take_exactly(size);
            if (!chunk) {
                co_await discard(file);
                co_return std::unexpected(chunk.error());
            }
            if (file) {
                hash.update(*chunk);
                if (auto written = co_await file->append(*chunk); !written) {
                    done.code = storage_status(written.error());
                    co_await discard(file);  // at once: others may need the space
                }
            }
            left -= size;
        }
        if (file) {
            auto committed = co_await file->commit(std::move(name));
            if (committed) {
                done.checksum = hash.finish();
                add(env_.counted->bytes, length);
            } else {
                done.code = storage_status(committed.error());
                co_await discard(file);
            }
        }
        co_return done;
    }

    static auto discard(std::optional<unfinished_file>& file) -> task<> {
        if (file) {
            co_await file->discard();
            file.reset();
        }
    }

    /// The next bytes, all of them; valid until more are taken.
    auto take_exactly(std::size_t size) -> task<result<std::span<const std::byte>>> {
        auto bytes = co_await in_.peek(size);
        if (bytes && bytes->size() < size) {
            co_return std::unexpected(make_error_code(spargio::errc::end_of_stream));
        }
        if (bytes) {
            in_.consume(size);
        }
        co_return bytes;
    }

    /// After a frame that did not arrive whole.
    auto give_up(std::error_code why) -> task<> {
        if (why == std::errc::timed_out) {
            co_await send_last(status::timed_out);
        } else if (why == std::errc::operation_canceled) {
            add(env_.counted->cut_off);
        } else {
            add(env_.counted->vanished);
        }
    }

    auto send(outcome done) -> task<bool> {
        auto sent = co_await spargio::timeout(
            env_.limits->idle_timeout, write_answer(stream_, answer(done.code, done.checksum)));
        if (sent) {
            add(env_.counted->answers[static_cast<std::size_t>(done.code)]);
        } else if (sent.error() == std::errc::operation_canceled) {
            add(env_.counted->cut_off);
        } else {
            add(env_.counted->vanished);
        }
        co_return sent.has_value();
    }

    auto send_last(status why) -> task<> {
        auto answered = co_await send(outcome{why});
        if (answered) {
            co_await linger(stream_, in_);
        }
    }

    auto change_phase(session_phase from, session_phase to) -> bool {
        return env_.phase->compare_exchange_strong(from, to);
    }

    tcp_stream stream_;
    session_environment env_;
    inbound in_;
};

}  // namespace

auto serve_session(tcp_stream stream, session_environment environment) -> task<> {
    try {
        session serving(std::move(stream), environment);
        co_await serving.run();
    } catch (const std::exception& error) {
        // Out of memory, most likely: this client is lost, the others go on.
        std::fprintf(stderr, "ingest-server: a session ended: %s\n", error.what());
    }
}

auto refuse_session(tcp_stream stream, status why) -> task<> {
    constexpr std::size_t small_buffer = 4096;
    inbound in(stream, small_buffer, linger_time);
    auto answered = co_await spargio::timeout(linger_time, write_answer(stream, answer(why)));
    if (answered) {
        co_await linger(stream, in);
    }
}

}  // namespace ingest
