// Datagrams, cancelled: each was received or sent, or is where it was.

#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "cancel_case.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/net/unix_datagram.hpp"

namespace spargio::trap_test {
namespace {

/// Datagrams a socket still holds.
std::vector<std::vector<std::byte>> datagrams_left(int socket) {
    std::vector<std::vector<std::byte>> all;
    for (;;) {
        std::vector<std::byte> buffer(70'000);
        const auto count = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count < 0)
            return all;
        buffer.resize(static_cast<std::size_t>(count));
        all.push_back(std::move(buffer));
    }
}

class udp_subject : public cancel_subject {
protected:
    udp_subject()
        : here_(value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)))),
          there_(value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)))) {}
    [[nodiscard]] socket_address address_there() const {
        return value_or_throw(there_.local_address());
    }
    udp_socket here_;
    udp_socket there_;
};

/// recv_from(), and recv() of a connected socket.
template <bool connected>
class receiving_datagram final : public udp_subject {
public:
    receiving_datagram() {
        if (connected)
            value_or_throw(here_.connect(address_there()));
    }

private:
    task<result<void>> run() override {
        if (connected) {
            const auto size = co_await here_.recv(buffer_);
            if (!size)
                co_return failure(size.error());
            received_ = size->size;
        } else {
            const auto datagram = co_await here_.recv_from(buffer_);
            if (!datagram)
                co_return failure(datagram.error());
            received_ = datagram->size;
            EXPECT_EQ(datagram->info.peer, address_there());
        }
        co_return result<void>{};
    }
    void let_end() override {
        const auto to = value_or_throw(here_.local_address());
        EXPECT_EQ(::sendto(there_.fd(), sent_.data(), sent_.size(), 0, to.data(), to.size()),
                  static_cast<ssize_t>(sent_.size()));
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(received_, cancelled ? 0u : sent_.size());
        EXPECT_TRUE(std::ranges::equal(std::span(buffer_).first(received_),
                                       std::span(sent_).first(received_)));
        EXPECT_EQ(datagrams_left(here_.fd()).size(), cancelled ? 1u : 0u);
        co_return;
    }
    const std::vector<std::byte> sent_ = pattern(100);
    std::vector<std::byte> buffer_ = std::vector<std::byte>(200);
    std::size_t received_ = 0;
};

/// send_message() in segments; with `offloaded` they go at once, all or none of them.
template <bool offloaded>
class sending_segments final : public udp_subject {
public:
    sending_segments() { here_.set_segmentation_offload(offloaded); }

private:
    task<result<void>> run() override {
        const auto count =
            co_await here_.send_message(sent_, {.peer = address_there(), .segment_size = segment});
        if (!count)
            co_return failure(count.error());
        sent_size_ = *count;
        co_return result<void>{};
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(sent_size_ == 0, cancelled);
        if (offloaded && !cancelled) {
            EXPECT_EQ(sent_size_, sent_.size());
        }
        EXPECT_EQ(sent_size_ % segment, 0u);
        std::vector<std::byte> arrived;
        for (const auto& each : datagrams_left(there_.fd()))
            arrived.insert(arrived.end(), each.begin(), each.end());
        EXPECT_TRUE(std::ranges::equal(arrived, std::span(sent_).first(sent_size_)));
        co_return;
    }
    static constexpr std::size_t segment = 500;
    const std::vector<std::byte> sent_ = pattern(5000);
    std::size_t sent_size_ = 0;
};

/// A UDP socket has room for a datagram, always.
class sending_to final : public udp_subject {
    task<result<void>> run() override {
        const auto count = co_await here_.send_to(sent_, address_there());
        if (!count)
            co_return failure(count.error());
        EXPECT_EQ(*count, sent_.size());
        co_return result<void>{};
    }
    task<void> check(bool cancelled) override {
        const auto arrived = datagrams_left(there_.fd());
        EXPECT_EQ(arrived.size(), cancelled ? 0u : 1u);
        for (const auto& each : arrived)
            EXPECT_EQ(each, sent_);
        co_return;
    }
    const std::vector<std::byte> sent_ = pattern(100);
};

class unix_datagram_subject : public cancel_subject {
protected:
    unix_datagram_subject()
        : address_(next_address()),
          here_(value_or_throw(unix_datagram::unbound())),
          there_(value_or_throw(unix_datagram::bind(address_))) {}

    const socket_address address_;
    unix_datagram here_;
    unix_datagram there_;

private:
    static socket_address next_address() {
        static unsigned count = 0;
        return value_or_throw(socket_address::unix_abstract("spargio_traps_datagram_" +
                                                            std::to_string(::getpid()) + "_" +
                                                            std::to_string(++count)));
    }
};

template <bool from>
class receiving_unix_datagram final : public unix_datagram_subject {
    task<result<void>> run() override {
        if (from) {
            const auto datagram = co_await there_.recv_from(buffer_);
            if (!datagram)
                co_return failure(datagram.error());
            received_ = datagram->size;
        } else {
            const auto size = co_await there_.recv(buffer_);
            if (!size)
                co_return failure(size.error());
            received_ = size->size;
        }
        co_return result<void>{};
    }
    void let_end() override {
        EXPECT_EQ(
            ::sendto(here_.fd(), sent_.data(), sent_.size(), 0, address_.data(), address_.size()),
            static_cast<ssize_t>(sent_.size()));
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(received_, cancelled ? 0u : sent_.size());
        EXPECT_EQ(datagrams_left(there_.fd()).size(), cancelled ? 1u : 0u);
        co_return;
    }
    const std::vector<std::byte> sent_ = pattern(100);
    std::vector<std::byte> buffer_ = std::vector<std::byte>(200);
    std::size_t received_ = 0;
};

/// The receiver's queue is full. Connected it is waited for without a kernel worker.
template <bool connected>
class sending_unix_datagram final : public unix_datagram_subject {
public:
    sending_unix_datagram() {
        if (connected)
            value_or_throw(here_.connect(address_));
        while (::sendto(here_.fd(), "x", 1, MSG_DONTWAIT, address_.data(), address_.size()) == 1)
            ++filled_;
        EXPECT_EQ(errno, EAGAIN);
    }

private:
    task<result<void>> run() override {
        result<std::size_t> count = 0;
        if (connected)
            count = co_await here_.send(sent_);
        else
            count = co_await here_.send_to(sent_, address_);
        if (!count)
            co_return failure(count.error());
        EXPECT_EQ(*count, sent_.size());
        co_return result<void>{};
    }
    void let_end() override {
        for (char byte; filled_ != 0; --filled_)
            EXPECT_EQ(::recv(there_.fd(), &byte, 1, 0), 1);
    }
    task<void> check(bool cancelled) override {
        const auto arrived = datagrams_left(there_.fd());
        EXPECT_EQ(arrived.size(), cancelled ? 0u : 1u);
        for (const auto& each : arrived)
            EXPECT_EQ(each, sent_);
        co_return;
    }
    const std::vector<std::byte> sent_ = pattern(100);
    unsigned filled_ = 0;
};

}  // namespace

const std::vector<cancel_case>& datagram_cases() {
    static const std::vector<cancel_case> cases = {
        {"recv_from", made<receiving_datagram<false>>, made<receiving_datagram<false>>},
        {"recv_datagram", made<receiving_datagram<true>>, made<receiving_datagram<true>>},
        {"send_to", made<sending_to>},
        {"send_segments", made<sending_segments<true>>},
        {"send_segments_one_by_one", made<sending_segments<false>>},
        {"recv_from_unix", made<receiving_unix_datagram<true>>,
         made<receiving_unix_datagram<true>>},
        {"recv_unix", made<receiving_unix_datagram<false>>, made<receiving_unix_datagram<false>>},
        {"send_unix", made<sending_unix_datagram<true>>, made<sending_unix_datagram<true>>},
        {"send_to_unix", made<sending_unix_datagram<false>>, made<sending_unix_datagram<false>>},
    };
    return cases;
}

}  // namespace spargio::trap_test
