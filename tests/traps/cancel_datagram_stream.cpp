// Datagrams that one request receives again and again, cancelled.

#include <algorithm>
#include <optional>

#include "cancel_case.hpp"
#include "spargio/net/datagram_stream.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio::trap_test {
namespace {

/// Takes a datagram; what was taken and what comes afterwards are all that were sent, each whole.
class taking_datagrams final : public cancel_subject {
public:
    taking_datagrams()
        : receiver_(value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)))),
          sender_(value_or_throw(udp_socket::open_for(socket_address::loopback_v4(0)))),
          stream_(value_or_throw(datagram_stream::open(receiver_.fd()))) {
        value_or_throw(sender_.connect(value_or_throw(receiver_.local_address())));
        for (std::size_t k = 0; k < 5; ++k)
            sent_.push_back(pattern(100 * k, k));
    }

private:
    task<result<void>> run() override {
        auto datagram = co_await stream_->next();
        if (!datagram)
            co_return failure(datagram.error());
        keep(*datagram);
        co_return result<void>{};
    }
    void let_end() override {
        for (const auto& each : sent_)
            EXPECT_EQ(::send(sender_.fd(), each.data(), each.size(), 0),
                      static_cast<ssize_t>(each.size()));
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(taken_.empty(), cancelled);
        while (taken_.size() < sent_.size())
            keep(value_or_throw(co_await stream_->next()));
        EXPECT_EQ(taken_, sent_) << "a datagram was lost to a cancel";
        stream_->request_end();
        const auto end = value_or_throw(co_await stream_->next());
        EXPECT_TRUE(end.none()) << "one came twice";
        stream_.reset();
        co_await yield();
        co_await yield();
    }

    void keep(const leased_datagram& datagram) {
        EXPECT_FALSE(datagram.none());
        taken_.emplace_back(datagram.bytes().begin(), datagram.bytes().end());
    }

    udp_socket receiver_;
    udp_socket sender_;
    std::optional<datagram_stream> stream_;
    std::vector<std::vector<std::byte>> sent_;
    std::vector<std::vector<std::byte>> taken_;
};

}  // namespace

const std::vector<cancel_case>& datagram_stream_cases() {
    static const std::vector<cancel_case> cases = {
        {"datagram_stream", made<taking_datagrams>, made<taking_datagrams>},
    };
    return cases;
}

}  // namespace spargio::trap_test
