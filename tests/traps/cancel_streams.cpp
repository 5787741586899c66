// Receiving and sending in every form, shutting down and closing, cancelled.

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "cancel_case.hpp"
#include "spargio/net/tcp_stream.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::trap_test {
namespace {

class stream_subject : public cancel_subject {
protected:
    stream_subject() : stream_subject(value_or_throw(testing::socket_pair::unix_stream())) {}

    tcp_stream stream_;
    own_descriptor peer_;

private:
    explicit stream_subject(testing::socket_pair pair)
        : stream_(value_or_throw(tcp_stream::from_fd(pair.release_first()))),
          peer_(pair.release_second()) {}
};

using bytes = std::vector<std::byte>;
using moved = task<result<std::size_t>>;

// --- forms of reading, into a buffer of 60 bytes while there are 100 -----------------------------

moved some(connected_stream& from, bytes& into) {
    co_return co_await from.read_some(into);
}
moved exact(connected_stream& from, bytes& into) {
    const auto filled = co_await from.read_exact(into);
    if (!filled)
        co_return failure(filled.error());
    co_return into.size();
}
moved exact_vectored(connected_stream& from, bytes& into) {
    const std::array pieces = {std::span(into).first(10), std::span(into).subspan(10)};
    const auto filled = co_await from.read_exact_vectored(pieces);
    if (!filled)
        co_return failure(filled.error());
    co_return into.size();
}
moved some_owned(connected_stream& from, bytes& into) {
    auto read = co_await from.read_some_owned(std::move(into));
    into = std::move(read.buffer);
    co_return read.outcome;
}
moved exact_owned(connected_stream& from, bytes& into) {
    auto read = co_await from.read_exact_owned(std::move(into));
    into = std::move(read.buffer);
    if (!read.outcome)
        co_return failure(read.outcome.error());
    co_return into.size();
}
moved peek(connected_stream& from, bytes& into) {
    co_return co_await from.peek(into);
}

/// Unless it `takes` what it read, that is there to be read again.
template <moved (*form)(connected_stream&, bytes&), bool takes = true>
class receiving final : public stream_subject {
    task<result<void>> run() override {
        const auto count = co_await form(stream_, buffer_);
        if (!count)
            co_return failure(count.error());
        received_ = *count;
        co_return result<void>{};
    }
    void let_end() override {
        EXPECT_EQ(::send(peer_.get(), sent_.data(), sent_.size(), 0),
                  static_cast<ssize_t>(sent_.size()));
        ::shutdown(peer_.get(), SHUT_WR);
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(buffer_.size(), 60u) << "the buffer was lost to a cancel";
        EXPECT_EQ(received_ == 0, cancelled);
        bytes all(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(received_));
        EXPECT_TRUE(std::ranges::equal(all, std::span(sent_).first(received_)));
        if (!takes)
            all.clear();
        std::ranges::copy(read_to_end(stream_.fd()), std::back_inserter(all));
        EXPECT_EQ(all, sent_) << "bytes were lost to a cancel";
        co_return;
    }

    const bytes sent_ = pattern(100);
    bytes buffer_ = bytes(60);
    std::size_t received_ = 0;
};

// --- forms of writing, while nothing fits --------------------------------------------------------

moved some(connected_stream& to, const bytes& from) {
    co_return co_await to.write_some(from);
}
moved all(connected_stream& to, const bytes& from) {
    const auto written = co_await to.write_all(from);
    if (!written)
        co_return failure(written.error());
    co_return from.size();
}
moved some_owned(connected_stream& to, const bytes& from) {
    const auto written = co_await to.write_some_owned(from);
    EXPECT_EQ(written.buffer, from) << "the buffer was lost to a cancel";
    co_return written.outcome;
}
moved all_owned(connected_stream& to, const bytes& from) {
    const auto written = co_await to.write_all_owned(from);
    EXPECT_EQ(written.buffer, from) << "the buffer was lost to a cancel";
    if (!written.outcome)
        co_return failure(written.outcome.error());
    co_return from.size();
}
/// More pieces than one request takes.
moved batch(connected_stream& to, const bytes& from) {
    std::vector<std::span<const std::byte>> pieces;
    for (std::size_t at = 0; at != from.size(); at += 30)
        pieces.push_back(std::span(from).subspan(at, 30));
    EXPECT_GT(pieces.size(), connected_stream::most_pieces);
    const auto written = co_await to.send_all_batch(pieces);
    if (!written)
        co_return failure(written.error());
    co_return from.size();
}

/// What takes several `requests` may be cancelled between them, and then some was written.
template <moved (*form)(connected_stream&, const bytes&), bool requests = false>
class sending final : public stream_subject {
public:
    sending() {
        // Nothing more fits: the operation has to wait.
        const auto filler = pattern(65'536);
        for (ssize_t count = 0; count >= 0;) {
            filled_ += static_cast<std::size_t>(count);
            count = ::send(stream_.fd(), filler.data(), filler.size(), MSG_DONTWAIT);
        }
    }

private:
    task<result<void>> run() override {
        const auto count = co_await form(stream_, sent_);
        over_ = true;
        if (!count)
            co_return failure(count.error());
        written_ = *count;
        co_return result<void>{};
    }
    void let_end() override {
        ended_before_ = over_;
        drained_.resize(filled_);
        std::size_t at = 0;
        while (at < filled_)
            at += static_cast<std::size_t>(
                ::recv(peer_.get(), drained_.data() + at, filled_ - at, 0));
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(written_ == 0, cancelled);
        ::shutdown(stream_.fd(), SHUT_WR);
        const auto arrived = read_to_end(peer_.get());
        const bool some_may = requests && cancelled && !ended_before_;
        if (!some_may) {
            EXPECT_EQ(arrived.size(), written_);
        }
        EXPECT_LE(arrived.size(), sent_.size());
        EXPECT_TRUE(std::ranges::equal(
            arrived, std::span(sent_).first(std::min(arrived.size(), sent_.size()))));
        co_return;
    }

    const bytes sent_ = pattern(3000, 2);
    bytes drained_;
    std::size_t filled_ = 0;
    std::size_t written_ = 0;
    bool over_ = false;
    bool ended_before_ = false;
};

template <moved (*form)(connected_stream&, bytes&), bool takes = true>
cancel_case reading_case(const char* name) {
    return {name, made<receiving<form, takes>>, made<receiving<form, takes>>};
}
template <moved (*form)(connected_stream&, const bytes&), bool requests = false>
cancel_case writing_case(const char* name) {
    return {name, made<sending<form, requests>>, made<sending<form, requests>>};
}

class shutting_down final : public stream_subject {
    task<result<void>> run() override { co_return co_await stream_.shutdown(shutdown_how::write); }
    task<void> check(bool cancelled) override {
        std::byte byte;
        const auto count = ::recv(peer_.get(), &byte, 1, MSG_DONTWAIT);
        EXPECT_EQ(count, cancelled ? -1 : 0);
        co_return;
    }
};

class closing final : public stream_subject {
    task<result<void>> run() override { co_return co_await stream_.close(); }
    task<void> check(bool) override {
        std::byte byte;
        EXPECT_EQ(::recv(peer_.get(), &byte, 1, MSG_DONTWAIT), 0) << "it is still open";
        co_return;
    }
};

}  // namespace

const std::vector<cancel_case>& stream_cases() {
    static const std::vector<cancel_case> cases = {
        reading_case<some>("recv"),
        reading_case<exact>("read_exact"),
        reading_case<exact_vectored>("read_exact_vectored"),
        reading_case<some_owned>("read_some_owned"),
        reading_case<exact_owned>("read_exact_owned"),
        reading_case<peek, false>("peek"),
        writing_case<some>("send"),
        writing_case<all>("write_all"),
        writing_case<some_owned>("write_some_owned"),
        writing_case<all_owned>("write_all_owned"),
        writing_case<batch, true>("send_all_batch"),
        {"shutdown", made<shutting_down>},
        {"close", made<closing>, nullptr, true},
    };
    return cases;
}

}  // namespace spargio::trap_test
