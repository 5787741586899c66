// Many datagrams with one request, cut by the kernel or one by one, and put together again.

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "child_steps.hpp"
#include "net_steps.hpp"
#include "refused_calls.hpp"
#include "spargio/net/datagram_stream.hpp"
#include "spargio/net/udp_socket.hpp"

namespace spargio::net_test {
namespace {

struct udp_ends {
    udp_socket sender;
    udp_socket receiver;
    socket_address target;
};
udp_ends ends() {
    auto receiver = value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)));
    const auto target = value_or_throw(receiver.local_address());
    return {value_or_throw(udp_socket::bind(socket_address::loopback_v4(0))), std::move(receiver),
            target};
}

/// The sizes of the next datagrams, which must be `bytes` one after the other.
task<std::vector<std::size_t>> receive_all(udp_socket& receiver, std::span<const std::byte> bytes) {
    std::vector<std::byte> buffer(65'536);
    std::vector<std::size_t> sizes;
    while (!bytes.empty()) {
        const auto got = value_or_throw(co_await receiver.recv_from(buffer));
        EXPECT_TRUE(std::ranges::equal(std::span(buffer).first(got.size), bytes.first(got.size)));
        sizes.push_back(got.size);
        bytes = bytes.subspan(got.size);
    }
    co_return sizes;
}

task<void> send_and_compare(udp_ends& pair, std::size_t total, std::size_t segment) {
    const auto bytes = pattern(total, total);
    EXPECT_EQ(value_or_throw(co_await pair.sender.send_message(
                  bytes, {.peer = pair.target, .segment_size = segment})),
              total);
    std::vector<std::size_t> expected(total / segment, segment);
    if (total % segment != 0)
        expected.push_back(total % segment);
    EXPECT_EQ(co_await receive_all(pair.receiver, bytes), expected) << total << '/' << segment;
}

task<void> every_shape(udp_ends& pair) {
    for (const std::size_t segment : {1u, 100u, 1200u, 1472u}) {
        for (const std::size_t count : {1u, 2u, 10u, 64u}) {
            co_await send_and_compare(pair, segment * count, segment);
            if (segment > 1)
                co_await send_and_compare(pair, segment * count - 1, segment);
        }
    }
    // More than one request takes.
    co_await send_and_compare(pair, 70 * 1400, 1400);
    co_await send_and_compare(pair, 150 * 10 + 3, 10);
}

TEST(UdpSegments, ArriveOneByOneHoweverTheyAreCut) {
    on_shards(1, []() -> task<void> {
        udp_ends pair = ends();
        co_await every_shape(pair);
        EXPECT_TRUE(pair.sender.segmentation_offloaded());
        pair.sender.set_segmentation_offload(false);
        co_await every_shape(pair);
        EXPECT_FALSE(pair.sender.segmentation_offloaded());
    });
}

TEST(UdpSegments, GoWithOneRequestWhereTheKernelCuts) {
    run_with(shards(1).disable(feature::attempt_first), []() -> task<void> {
        udp_ends pair = ends();
        const auto bytes = pattern(64 * 100, 1);
        const auto requests = [] { return this_runtime().stats(0).completions; };
        for (const bool offload : {true, false}) {
            pair.sender.set_segmentation_offload(offload);
            const auto before = requests();
            value_or_throw(co_await pair.sender.send_message(
                bytes, {.peer = pair.target, .segment_size = 100}));
            EXPECT_EQ(requests() - before, offload ? 1u : 64u);
            EXPECT_EQ((co_await receive_all(pair.receiver, bytes)).size(), 64u);
        }
    });
}

TEST(UdpSegments, ASocketThatMayNotCutSendsThemOneByOneAndRemembers) {
    on_shards(1, []() -> task<void> {
        udp_ends pair = ends();
        // Without checksums the kernel refuses to cut.
        const int on = 1;
        EXPECT_EQ(::setsockopt(pair.sender.fd(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
        co_await send_and_compare(pair, 5000, 1000);
        EXPECT_FALSE(pair.sender.segmentation_offloaded());
        co_await send_and_compare(pair, 5001, 1000);
        pair.sender.set_segmentation_offload(true);
        co_await send_and_compare(pair, 999, 1000);
        EXPECT_TRUE(pair.sender.segmentation_offloaded()) << "there was nothing to cut";
    });
}

/// A network of the calling thread, and of those it starts, of which there is only the loopback.
bool enter_network_with(int mtu) {
    if (::unshare(CLONE_NEWNET) != 0)
        return false;
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_mtu = mtu;
    bool done = ::ioctl(socket, SIOCSIFMTU, &request) == 0;
    request.ifr_flags = IFF_UP;
    done = done && ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
    ::close(socket);
    return done;
}

TEST(UdpSegments, ThoseThatNoPacketOfThePathHoldsAreSentOneByOne) {
    bool entered = false;
    std::jthread([&] {
        entered = enter_network_with(1280);
        if (!entered)
            return;
        on_shards(1, []() -> task<void> {
            udp_ends pair = ends();
            co_await send_and_compare(pair, 7000, 1400);
            EXPECT_FALSE(pair.sender.segmentation_offloaded());
        });
    }).join();
    if (!entered)
        GTEST_SKIP() << "cannot make a network: not root";
}

TEST(UdpSegments, AnErrorOfAnotherKindIsNotTakenForARefusalToCut) {
    on_shards(1, []() -> task<void> {
        udp_ends pair = ends();
        const auto bytes = pattern(5000, 1);
        auto nowhere = co_await pair.sender.send_message(
            bytes, {.peer = socket_address::loopback_v4(0), .segment_size = 1000});
        EXPECT_EQ(nowhere.error(), std::errc::invalid_argument);
        EXPECT_TRUE(pair.sender.segmentation_offloaded());
        // A segment no packet can hold.
        auto too_long = co_await pair.sender.send_message(
            pattern(140'000, 1), {.peer = pair.target, .segment_size = 66'000});
        EXPECT_EQ(too_long.error(), std::errc::message_size);
        EXPECT_TRUE(pair.sender.segmentation_offloaded());
    });
}

TEST(UdpSegments, TheMarkStandsOnEachOfThem) {
    on_shards(1, []() -> task<void> {
        udp_ends pair = ends();
        value_or_throw(pair.receiver.set_receive_ecn(true));
        const auto bytes = pattern(500, 1);
        value_or_throw(co_await pair.sender.send_message(
            bytes, {.peer = pair.target, .ecn = ecn_mark::capable_0, .segment_size = 100}));
        for (int i = 0; i < 5; ++i) {
            std::array<std::byte, 200> buffer;
            const auto got = value_or_throw(co_await pair.receiver.recv_from(buffer));
            EXPECT_EQ(got.size, 100u);
            EXPECT_EQ(got.info.ecn, ecn_mark::capable_0);
        }
    });
}

TEST(UdpSegments, ComeAsOneWhereTheReceiverAllowsIt) {
    on_shards(1, []() -> task<void> {
        udp_ends pair = ends();
        value_or_throw(pair.receiver.set_receive_coalesced(true));
        const auto bytes = pattern(10 * 1200 - 7, 1);
        value_or_throw(
            co_await pair.sender.send_message(bytes, {.peer = pair.target, .segment_size = 1200}));
        std::vector<std::byte> buffer(65'536);
        std::size_t at = 0;
        std::size_t datagrams = 0;
        while (at < bytes.size()) {
            const auto got = value_or_throw(co_await pair.receiver.recv_from(buffer));
            EXPECT_TRUE(std::ranges::equal(std::span(buffer).first(got.size),
                                           std::span(bytes).subspan(at, got.size)));
            if (got.size > 1200) {
                EXPECT_EQ(got.info.segment_size, 1200u);
            }
            const std::size_t each = got.info.segment_size == 0 ? got.size : got.info.segment_size;
            datagrams += (got.size + each - 1) / each;
            at += got.size;
        }
        EXPECT_EQ(datagrams, 10u);
    });
}

/// Segments that the kernel cut for the sender, of a receiver they may not come to as one.
task<void> receive_one_by_one(std::error_code refusal) {
    udp_ends pair = ends();
    EXPECT_EQ(pair.receiver.set_receive_coalesced(true).error(), refusal);
    co_await send_and_compare(pair, 10 * 1200 - 7, 1200);
    auto stream = value_or_throw(datagram_stream::open(pair.receiver.fd(), datagram_info_bytes));
    const auto bytes = pattern(3 * 1200, 1);
    value_or_throw(
        co_await pair.sender.send_message(bytes, {.peer = pair.target, .segment_size = 1200}));
    for (std::size_t at = 0; at != bytes.size(); at += 1200) {
        const auto datagram = value_or_throw(co_await stream.next());
        EXPECT_TRUE(std::ranges::equal(datagram.bytes(), std::span(bytes).subspan(at, 1200)));
        EXPECT_EQ(datagram.info().segment_size, 0u);
    }
    EXPECT_TRUE(pair.sender.segmentation_offloaded());
}

void refuse_to_put_together() {
    for (const int error : {ENOPROTOOPT, EINVAL, EPERM}) {
        refuse({SYS_setsockopt, 1, {SOL_UDP, UDP_GRO}, static_cast<std::uint32_t>(error)});
        on_shards(1, [error] {
            return receive_one_by_one(std::error_code(error, std::generic_category()));
        });
    }
}

using UdpSegmentsRefused = ProcessLimits;

TEST_F(UdpSegmentsRefused, ARefusalToPutThemTogetherIsSaidAndTheyComeOneByOne) {
    EXPECT_CHILD_SUCCEEDS(refuse_to_put_together);
}

}  // namespace
}  // namespace spargio::net_test
