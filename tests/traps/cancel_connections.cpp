// Accepting and connecting, cancelled.

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

#include "cancel_case.hpp"
#include "spargio/net/tcp_listener.hpp"

namespace spargio::trap_test {
namespace {

own_descriptor connect_to(const tcp_listener& listener) {
    const auto address = value_or_throw(listener.local_address());
    own_descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), address.data(), address.size()), 0);
    return socket;
}

/// \return a descriptor; waits for a connection.
own_descriptor accept_from(const tcp_listener& listener) {
    return own_descriptor(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
}

void expect_connected(int one, int other) {
    std::byte byte{42};
    EXPECT_EQ(::send(one, &byte, 1, MSG_NOSIGNAL), 1);
    byte = {};
    EXPECT_EQ(::recv(other, &byte, 1, 0), 1);
    EXPECT_EQ(byte, std::byte{42});
}

class connection_subject : public cancel_subject {
protected:
    explicit connection_subject(int backlog)
        : listener_(value_or_throw(
              tcp_listener::bind(socket_address::loopback_v4(0), {.backlog = backlog}))) {}

    result<void> keep(result<tcp_stream> answer) {
        if (!answer)
            return failure(answer.error());
        stream_ = std::move(*answer);
        return {};
    }

    tcp_listener listener_;
    std::optional<tcp_stream> stream_;
    own_descriptor peer_;
};

class accepting final : public connection_subject {
public:
    accepting() : connection_subject(16) {}

private:
    task<result<void>> run() override { co_return keep(co_await listener_.accept()); }
    void let_end() override { peer_ = connect_to(listener_); }
    task<void> check(bool cancelled) override {
        // A connection nobody was told of is still in the backlog.
        own_descriptor found;
        if (cancelled)
            found = accept_from(listener_);
        EXPECT_EQ(stream_.has_value(), !cancelled);
        expect_connected(peer_.get(), cancelled ? found.get() : stream_->fd());
        co_return;
    }
};

class connecting final : public connection_subject {
public:
    connecting() : connection_subject(16) {}

private:
    task<result<void>> run() override {
        const auto address = value_or_throw(listener_.local_address());
        co_return keep(co_await tcp_stream::connect(address));
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(stream_.has_value(), !cancelled);
        if (cancelled)
            co_return;
        peer_ = accept_from(listener_);
        expect_connected(peer_.get(), stream_->fd());
    }
};

/// The backlog is full: the kernel drops the request, and asks again a second later.
class connecting_in_vain final : public connection_subject {
public:
    connecting_in_vain() : connection_subject(0) { peer_ = connect_to(listener_); }

private:
    task<result<void>> run() override {
        const auto address = value_or_throw(listener_.local_address());
        co_return keep(co_await tcp_stream::connect(address));
    }
    task<void> check(bool) override {
        EXPECT_FALSE(stream_.has_value());
        co_return;
    }
};

}  // namespace

const std::vector<cancel_case>& connection_cases() {
    static const std::vector<cancel_case> cases = {
        {"accept", made<accepting>, made<accepting>},
        {"connect", made<connecting>, made<connecting_in_vain>},
    };
    return cases;
}

}  // namespace spargio::trap_test
