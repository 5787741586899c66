// Descriptors over Unix sockets: they arrive owned, close on exec, and none is ever lost.

#include <fcntl.h>
#include <sys/mman.h>

#include <numeric>

#include "unix_steps.hpp"

namespace spargio::net_test {
namespace {

/// A descriptor of a file that says `mark`.
descriptor marked(const std::string& mark) {
    descriptor file(::memfd_create("mark", MFD_CLOEXEC));
    EXPECT_EQ(::write(file.get(), mark.data(), mark.size()), static_cast<ssize_t>(mark.size()));
    return file;
}
std::string mark_of(const descriptor& file) {
    std::string mark(16, '\0');
    mark.resize(static_cast<std::size_t>(::pread(file.get(), mark.data(), mark.size(), 0)));
    return mark;
}

struct both_ends {
    unix_stream one;
    unix_stream other;
};
both_ends stream_pair() {
    auto [one, other] = value_or_throw(unix_stream::pair());
    return {std::move(one), std::move(other)};
}

TEST(DescriptorPassing, TheyArriveInOrderOwnedAndCloseOnExec) {
    on_shards(1, []() -> task<void> {
        const std::size_t before = open_descriptors();
        {
            both_ends ends = stream_pair();
            const descriptor first = marked("first");
            const descriptor second = marked("second");
            const std::array numbers = {first.get(), second.get()};
            EXPECT_EQ(
                value_or_throw(co_await ends.one.send_with_descriptors(bytes_of("abc"), numbers)),
                3u);
            std::array<std::byte, 8> buffer;
            const auto got = value_or_throw(co_await ends.other.receive_with_descriptors(buffer));
            EXPECT_EQ(text_of(std::span(buffer).first(got.size)), "abc");
            EXPECT_FALSE(got.descriptors_lost);
            EXPECT_FALSE(got.truncated);
            EXPECT_EQ(got.descriptors.size(), 2u);
            EXPECT_EQ(mark_of(got.descriptors.at(0)), "first");
            EXPECT_EQ(mark_of(got.descriptors.at(1)), "second");
            for (const descriptor& each : got.descriptors)
                EXPECT_EQ(::fcntl(each.get(), F_GETFD), FD_CLOEXEC);
            EXPECT_EQ(open_descriptors(), before + 6);
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(DescriptorPassing, MoreThanWereAskedForAreClosedAndSaidToBeLost) {
    on_shards(1, []() -> task<void> {
        both_ends ends = stream_pair();
        const std::size_t before = open_descriptors();
        for (std::size_t most = 0; most < 6; ++most) {
            const std::vector<int> numbers(5, ends.one.fd());
            value_or_throw(co_await ends.one.send_with_descriptors(bytes_of("x"), numbers));
            std::array<std::byte, 8> buffer;
            const auto got =
                value_or_throw(co_await ends.other.receive_with_descriptors(buffer, most));
            EXPECT_EQ(got.size, 1u);
            EXPECT_EQ(got.descriptors.size(), most);
            EXPECT_EQ(got.descriptors_lost, most < 5) << most;
            EXPECT_EQ(open_descriptors(), before + got.descriptors.size());
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(DescriptorPassing, AsManyAsAMessageCarriesAndNotOneMore) {
    on_shards(1, []() -> task<void> {
        both_ends ends = stream_pair();
        const std::vector<int> most(most_passed_descriptors, ends.one.fd());
        value_or_throw(co_await ends.one.send_with_descriptors(bytes_of("x"), most));
        std::array<std::byte, 8> buffer;
        const auto got = value_or_throw(co_await ends.other.receive_with_descriptors(buffer));
        EXPECT_EQ(got.descriptors.size(), most_passed_descriptors);
        EXPECT_FALSE(got.descriptors_lost);
        const std::vector<int> beyond(most_passed_descriptors + 1, ends.one.fd());
        const auto refused = co_await ends.one.send_with_descriptors(bytes_of("x"), beyond);
        EXPECT_EQ(refused.error(), std::errc::invalid_argument);
        const auto asked =
            co_await ends.other.receive_with_descriptors(buffer, most_passed_descriptors + 1);
        EXPECT_EQ(asked.error(), std::errc::invalid_argument);
    });
}

TEST(DescriptorPassing, WhatIsNoDescriptorIsRefusedAndNothingIsSent) {
    on_shards(1, []() -> task<void> {
        both_ends ends = stream_pair();
        const std::array numbers = {ends.one.fd(), -1};
        const auto refused = co_await ends.one.send_with_descriptors(bytes_of("x"), numbers);
        EXPECT_EQ(refused.error(), std::errc::bad_file_descriptor);
        value_or_throw(co_await ends.one.send_with_descriptors(bytes_of("y"), {}));
        std::array<std::byte, 8> buffer;
        const auto got = value_or_throw(co_await ends.other.receive_with_descriptors(buffer));
        EXPECT_EQ(text_of(std::span(buffer).first(got.size)), "y");
        EXPECT_TRUE(got.descriptors.empty());
        EXPECT_FALSE(got.descriptors_lost);
    });
}

TEST(DescriptorPassing, APlainReadLeaksNone) {
    on_shards(1, []() -> task<void> {
        both_ends ends = stream_pair();
        const std::size_t before = open_descriptors();
        const std::array numbers = {ends.one.fd()};
        for (int i = 0; i < 10; ++i) {
            value_or_throw(co_await ends.one.send_with_descriptors(bytes_of("x"), numbers));
            std::array<std::byte, 1> byte;
            value_or_throw(co_await ends.other.read_exact(byte));
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(DescriptorPassing, EndOfStreamIsZeroBytesAndNoDescriptors) {
    on_shards(1, []() -> task<void> {
        both_ends ends = stream_pair();
        value_or_throw(co_await ends.one.close());
        std::array<std::byte, 8> buffer;
        const auto got = value_or_throw(co_await ends.other.receive_with_descriptors(buffer));
        EXPECT_EQ(got.size, 0u);
        EXPECT_TRUE(got.descriptors.empty());
    });
}

TEST(DescriptorPassing, AConnectionItselfGoesToAnotherShardAndOn) {
    on_shards(2, []() -> task<void> {
        both_ends ends = stream_pair();
        two_ends connected = co_await connection();
        const std::array numbers = {connected.server.fd()};
        value_or_throw(co_await ends.one.send_with_descriptors(bytes_of("x"), numbers));
        value_or_throw(co_await connected.server.close());
        auto echoing = value_or_throw(
            this_runtime().spawn(placement::pinned(1), [](unix_stream from) -> task<void> {
                std::array<std::byte, 1> byte;
                auto got = value_or_throw(co_await from.receive_with_descriptors(byte));
                co_await echo(
                    value_or_throw(tcp_stream::from_fd(got.descriptors.front().release())));
            }(std::move(ends.other))));
        value_or_throw(co_await connected.client.write_all(bytes_of("round")));
        std::array<std::byte, 5> word;
        value_or_throw(co_await connected.client.read_exact(word));
        EXPECT_EQ(text_of(word), "round");
        value_or_throw(co_await connected.client.close());
        co_await std::move(echoing);
    });
}

}  // namespace
}  // namespace spargio::net_test
