// Vectored transfers and descriptor passing, Unix connections, cancelled.

#include <sys/socket.h>

#include <algorithm>
#include <optional>

#include "cancel_case.hpp"
#include "spargio/net/unix_listener.hpp"

namespace spargio::trap_test {
namespace {

class unix_pair_subject : public cancel_subject {
protected:
    unix_pair_subject() : unix_pair_subject(value_or_throw(unix_stream::pair())) {}
    unix_stream here_;
    unix_stream there_;

private:
    explicit unix_pair_subject(std::pair<unix_stream, unix_stream> both)
        : here_(std::move(both.first)), there_(std::move(both.second)) {}
};

class receiving_descriptors final : public unix_pair_subject {
    task<result<void>> run() override {
        auto got = co_await here_.receive_with_descriptors(buffer_, 2);
        if (!got)
            co_return failure(got.error());
        got_ = std::move(*got);
        co_return result<void>{};
    }
    void let_end() override {
        const int passed[] = {here_.fd(), there_.fd()};
        alignas(::cmsghdr) char control[CMSG_SPACE(sizeof passed)] = {};
        char byte = 'x';
        ::iovec piece{&byte, 1};
        ::msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        ::cmsghdr& header = *CMSG_FIRSTHDR(&message);
        header.cmsg_level = SOL_SOCKET;
        header.cmsg_type = SCM_RIGHTS;
        header.cmsg_len = CMSG_LEN(sizeof passed);
        std::copy_n(passed, 2, reinterpret_cast<int*>(CMSG_DATA(&header)));
        EXPECT_EQ(::sendmsg(there_.fd(), &message, 0), 1);
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(got_.descriptors.size(), cancelled ? 0u : 2u);
        EXPECT_FALSE(got_.descriptors_lost);
        char byte = 0;
        EXPECT_EQ(::recv(here_.fd(), &byte, 1, MSG_DONTWAIT), cancelled ? 1 : -1);
        co_return;
    }
    std::array<std::byte, 4> buffer_{};
    received_with_descriptors got_;
};

template <bool descriptors>
class sending_pieces final : public unix_pair_subject {
public:
    sending_pieces() {
        // Nothing more fits: the operation has to wait.
        const auto filler = pattern(65'536);
        for (ssize_t count = 0; count >= 0;) {
            filled_ += static_cast<std::size_t>(count);
            count = ::send(here_.fd(), filler.data(), filler.size(), MSG_DONTWAIT);
        }
    }

private:
    task<result<void>> run() override {
        const std::array pieces = {std::span(sent_).first(1000), std::span(sent_).subspan(1000)};
        const std::array numbers = {here_.fd()};
        auto operation = descriptors ? here_.send_with_descriptors(sent_, numbers)
                                     : here_.write_vectored(pieces);
        const auto count = co_await std::move(operation);
        if (!count)
            co_return failure(count.error());
        written_ = *count;
        co_return result<void>{};
    }
    void let_end() override {
        std::vector<std::byte> drained(filled_);
        for (std::size_t at = 0; at < filled_;)
            at +=
                static_cast<std::size_t>(::recv(there_.fd(), drained.data() + at, filled_ - at, 0));
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(written_ == 0, cancelled);
        ::shutdown(here_.fd(), SHUT_WR);
        const auto arrived = read_to_end(there_.fd());
        EXPECT_TRUE(std::ranges::equal(arrived, std::span(sent_).first(written_)));
        co_return;
    }
    const std::vector<std::byte> sent_ = pattern(3000, 2);
    std::size_t filled_ = 0;
    std::size_t written_ = 0;
};

class receiving_pieces final : public unix_pair_subject {
    task<result<void>> run() override {
        const std::array pieces = {std::span(buffer_).first(10), std::span(buffer_).subspan(10)};
        const auto count = co_await here_.read_vectored(pieces);
        if (!count)
            co_return failure(count.error());
        received_ = *count;
        co_return result<void>{};
    }
    void let_end() override {
        EXPECT_EQ(::send(there_.fd(), sent_.data(), sent_.size(), 0),
                  static_cast<ssize_t>(sent_.size()));
        ::shutdown(there_.fd(), SHUT_WR);
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(received_ == 0, cancelled);
        std::vector<std::byte> all(buffer_.begin(),
                                   buffer_.begin() + static_cast<std::ptrdiff_t>(received_));
        std::ranges::copy(read_to_end(here_.fd()), std::back_inserter(all));
        EXPECT_EQ(all, sent_) << "bytes were lost to a cancel";
        co_return;
    }
    const std::vector<std::byte> sent_ = pattern(100);
    std::vector<std::byte> buffer_ = std::vector<std::byte>(60);
    std::size_t received_ = 0;
};

class unix_listener_subject : public cancel_subject {
protected:
    explicit unix_listener_subject(int backlog) {
        static unsigned count = 0;
        address_ = value_or_throw(socket_address::unix_abstract(
            "spargio_traps_" + std::to_string(::getpid()) + "_" + std::to_string(++count)));
        listener_.emplace(value_or_throw(unix_listener::bind(address_, {.backlog = backlog})));
    }
    own_descriptor connect() {
        own_descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(socket.get(), address_.data(), address_.size()), 0);
        return socket;
    }
    own_descriptor accept() {
        return own_descriptor(::accept4(listener_->fd(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    result<void> keep(result<unix_stream> answer) {
        if (!answer)
            return failure(answer.error());
        stream_ = std::move(*answer);
        return {};
    }
    socket_address address_;
    std::optional<unix_listener> listener_;
    std::optional<unix_stream> stream_;
    own_descriptor peer_;
};

class accepting final : public unix_listener_subject {
public:
    accepting() : unix_listener_subject(16) {}

private:
    task<result<void>> run() override { co_return keep(co_await listener_->accept()); }
    void let_end() override { peer_ = connect(); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(stream_.has_value(), !cancelled);
        if (cancelled) {
            EXPECT_GE(accept().get(), 0) << "it is still in the backlog";
        }
        co_return;
    }
};

/// The backlog is full: the kernel waits, in a worker of its own.
class connecting final : public unix_listener_subject {
public:
    connecting() : unix_listener_subject(0) { peer_ = connect(); }

private:
    task<result<void>> run() override { co_return keep(co_await unix_stream::connect(address_)); }
    void let_end() override { first_ = accept(); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(stream_.has_value(), !cancelled);
        if (!cancelled) {
            EXPECT_GE(accept().get(), 0);
        }
        co_return;
    }
    own_descriptor first_;
};

}  // namespace

const std::vector<cancel_case>& socket_message_cases() {
    static const std::vector<cancel_case> cases = {
        {"receive_descriptors", made<receiving_descriptors>, made<receiving_descriptors>},
        {"send_descriptors", made<sending_pieces<true>>, made<sending_pieces<true>>},
        {"write_vectored", made<sending_pieces<false>>, made<sending_pieces<false>>},
        {"read_vectored", made<receiving_pieces>, made<receiving_pieces>},
        {"accept_unix", made<accepting>, made<accepting>},
        {"connect_unix", made<connecting>, made<connecting>},
    };
    return cases;
}

}  // namespace spargio::trap_test
