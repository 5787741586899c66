// Receiving, sending, shutting down and closing, cancelled.

#include <sys/socket.h>

#include <algorithm>
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

class receiving final : public stream_subject {
    task<result<void>> run() override {
        const auto count = co_await stream_.read_some(buffer_);
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
        EXPECT_EQ(received_ == 0, cancelled);
        std::vector<std::byte> all(buffer_.begin(),
                                   buffer_.begin() + static_cast<std::ptrdiff_t>(received_));
        std::ranges::copy(read_to_end(stream_.fd()), std::back_inserter(all));
        EXPECT_EQ(all, sent_) << "bytes were lost to a cancel";
        co_return;
    }

    const std::vector<std::byte> sent_ = pattern(100);
    std::vector<std::byte> buffer_ = std::vector<std::byte>(60);
    std::size_t received_ = 0;
};

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
        const auto count = co_await stream_.write_some(sent_);
        if (!count)
            co_return failure(count.error());
        written_ = *count;
        co_return result<void>{};
    }
    void let_end() override {
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
        EXPECT_TRUE(std::ranges::equal(arrived, std::span(sent_).first(written_)))
            << written_ << " bytes were said to be sent and " << arrived.size() << " arrived";
        co_return;
    }

    const std::vector<std::byte> sent_ = pattern(3000, 2);
    std::vector<std::byte> drained_;
    std::size_t filled_ = 0;
    std::size_t written_ = 0;
};

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
        {"recv", made<receiving>, made<receiving>},
        {"send", made<sending>, made<sending>},
        {"shutdown", made<shutting_down>},
        {"close", made<closing>, nullptr, true},
    };
    return cases;
}

}  // namespace spargio::trap_test
