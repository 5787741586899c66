// Sends out of the program's own memory, cancelled.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "../net/watched_bytes.hpp"
#include "cancel_case.hpp"
#include "spargio/net/zero_copy.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::trap_test {
namespace {

using net_test::watched_bytes;

/// Lends bytes to a socket that has no room for them. What promises all may have sent some of them
/// when it is cancelled, but none while there is no room; and the bytes are freed in the end.
class lending final : public cancel_subject {
public:
    lending() {
        const auto filler = pattern(65'536);
        for (ssize_t count = 0; count >= 0;) {
            filled_ += static_cast<std::size_t>(count);
            count = ::send(sockets_.first(), filler.data(), filler.size(), MSG_DONTWAIT);
        }
    }

private:
    task<result<void>> run() override {
        auto answer = co_await sender_.write_all(sockets_.first(), watched_bytes(sent_, alive_));
        over_ = true;
        co_return answer;
    }
    void let_end() override {
        ended_before_ = over_;
        std::vector<std::byte> drained(filled_);
        for (std::size_t at = 0; at < filled_;)
            at += static_cast<std::size_t>(
                ::recv(sockets_.second(), drained.data() + at, filled_ - at, 0));
    }
    task<void> check(bool cancelled) override {
        ::shutdown(sockets_.first(), SHUT_WR);
        const auto arrived = read_to_end(sockets_.second());
        EXPECT_LE(arrived.size(), sent_.size());
        EXPECT_TRUE(std::ranges::equal(
            arrived, std::span(sent_).first(std::min(arrived.size(), sent_.size()))));
        if (!cancelled) {
            EXPECT_EQ(arrived.size(), sent_.size());
        } else if (ended_before_) {
            EXPECT_TRUE(arrived.empty()) << "there was no room for what arrived";
        }
        // Its last word acknowledges everything, which may otherwise take a while.
        ::close(sockets_.release_second());
        for (int turns = 0; alive_ != 0 && turns < 100'000; ++turns)
            co_await yield();
        EXPECT_EQ(alive_, 0) << "bytes are kept for ever";
    }

    testing::socket_pair sockets_ = value_or_throw(testing::socket_pair::tcp(262'144));
    zero_copy_sender sender_;
    const std::vector<std::byte> sent_ = pattern(zero_copy_sender::least_bytes, 2);
    std::size_t filled_ = 0;
    std::atomic<int> alive_ = 0;
    bool over_ = false;
    bool ended_before_ = false;
};

}  // namespace

const std::vector<cancel_case>& zero_copy_cases() {
    static const std::vector<cancel_case> cases = {
        {"write_all_zero_copy", made<lending>, made<lending>},
    };
    return cases;
}

}  // namespace spargio::trap_test
