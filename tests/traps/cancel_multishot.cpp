// Streams that one request feeds again and again, cancelled.

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "cancel_case.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::trap_test {
namespace {

/// Takes a lease; what was taken and what is still there are all that was sent.
template <bool many>
class taking_leases final : public cancel_subject {
public:
    taking_leases() : sockets_(value_or_throw(testing::socket_pair::unix_stream())) {
        stream_.emplace(value_or_throw(receive_stream::open(sockets_.first())));
    }

private:
    task<result<void>> run() override {
        std::array<buffer_lease, 4> leases;
        std::size_t count = 1;
        if (many) {
            const auto taken = co_await stream_->recv_segments(leases);
            if (!taken)
                co_return failure(taken.error());
            count = *taken;
        } else {
            auto lease = co_await stream_->next();
            if (!lease)
                co_return failure(lease.error());
            leases[0] = std::move(*lease);
        }
        for (const buffer_lease& each : std::span(leases).first(count))
            std::ranges::copy(each.bytes(), std::back_inserter(taken_));
        co_return result<void>{};
    }
    void let_end() override {
        EXPECT_EQ(::send(sockets_.second(), sent_.data(), sent_.size(), 0),
                  static_cast<ssize_t>(sent_.size()));
        ::shutdown(sockets_.second(), SHUT_WR);
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(taken_.empty(), cancelled);
        // Who stopped to wait has lost nothing: the stream goes on.
        co_await [](taking_leases& self) -> task<void> {
            for (;;) {
                const auto lease = value_or_throw(co_await self.stream_->next());
                if (lease.empty())
                    co_return;
                std::ranges::copy(lease.bytes(), std::back_inserter(self.taken_));
            }
        }(*this);
        EXPECT_EQ(taken_, sent_) << "bytes were lost to a cancel";
        stream_.reset();
        co_await yield();
        co_await yield();
    }

    const std::vector<std::byte> sent_ = pattern(1000);
    testing::socket_pair sockets_;
    std::optional<receive_stream> stream_;
    std::vector<std::byte> taken_;
};

/// Takes a connection from a stream of them.
class accepting_many final : public cancel_subject {
public:
    accepting_many()
        : listener_(value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)))),
          accepted_(value_or_throw(listener_.accept_many())) {}

private:
    task<result<void>> run() override {
        auto answer = co_await accepted_->next();
        if (!answer)
            co_return failure(answer.error());
        stream_ = std::move(*answer);
        co_return result<void>{};
    }
    void let_end() override {
        const auto address = value_or_throw(listener_.local_address());
        peer_ = own_descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(peer_.get(), address.data(), address.size()), 0);
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(stream_.has_value(), !cancelled);
        // A connection nobody was told of is the next one.
        if (cancelled)
            stream_ = value_or_throw(co_await accepted_->next());
        std::byte byte{42};
        EXPECT_EQ(::send(peer_.get(), &byte, 1, MSG_NOSIGNAL), 1);
        byte = {};
        EXPECT_EQ(::recv(stream_->fd(), &byte, 1, 0), 1);
        EXPECT_EQ(byte, std::byte{42});
        accepted_.reset();
        co_await yield();
        co_await yield();
    }

    tcp_listener listener_;
    std::optional<tcp_accept_stream> accepted_;
    std::optional<tcp_stream> stream_;
    own_descriptor peer_;
};

}  // namespace

const std::vector<cancel_case>& multishot_cases() {
    static const std::vector<cancel_case> cases = {
        {"receive_stream", made<taking_leases<false>>, made<taking_leases<false>>},
        {"recv_segments", made<taking_leases<true>>, made<taking_leases<true>>},
        {"accept_stream", made<accepting_many>, made<accepting_many>},
    };
    return cases;
}

}  // namespace spargio::trap_test
