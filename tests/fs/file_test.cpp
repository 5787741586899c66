#include "spargio/fs/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fs_steps.hpp"

namespace spargio::fs_test {
namespace {

task<fs::file> open(path where, fs::open_options options) {
    co_return value_or_throw(co_await fs::file::open(std::move(where), options));
}

TEST(File, WhatIsWrittenIsRead) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        fs::file file = co_await open(dir / "a", making());
        EXPECT_EQ(value_or_throw(co_await file.size()), 0u);
        EXPECT_EQ(value_or_throw(co_await file.write_at(bytes_of("hello world"), 0)), 11u);
        EXPECT_EQ(value_or_throw(co_await file.write_at(bytes_of("W"), 6)), 1u);
        value_or_throw(co_await file.fdatasync());
        value_or_throw(co_await file.fsync());
        EXPECT_EQ(value_or_throw(co_await file.size()), 11u);
        std::array<std::byte, 5> word;
        value_or_throw(co_await file.read_exact_at(word, 6));
        EXPECT_EQ(text_of(word), "World");
        value_or_throw(co_await file.close());
        EXPECT_EQ(file.fd(), -1);
        EXPECT_EQ(get(dir / "a"), "hello World");
    });
}

TEST(File, ReadsEndWithTheFile) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        put(dir / "a", "0123456789");
        fs::file file = co_await open(dir / "a", reading());
        std::array<std::byte, 8> buffer;
        EXPECT_EQ(value_or_throw(co_await file.read_at(buffer, 0)), 8u);
        EXPECT_EQ(value_or_throw(co_await file.read_at(buffer, 7)), 3u);
        EXPECT_EQ(text_of(std::span(buffer).first(3)), "789");
        for (const std::uint64_t beyond : {10ull, 11ull, 1ull << 40})
            EXPECT_EQ(value_or_throw(co_await file.read_at(buffer, beyond)), 0u);
        EXPECT_EQ(value_or_throw(co_await file.read_at({}, 0)), 0u);
        const auto filled = co_await file.read_exact_at(buffer, 3);
        EXPECT_FALSE(filled);
        EXPECT_EQ(filled.error(), errc::end_of_stream);
        value_or_throw(co_await file.read_exact_at({}, 10));
        value_or_throw(co_await file.read_exact_at(buffer, 2));
    });
}

TEST(File, AnOffsetNoFileHasIsRefused) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        put(dir / "a", "0123456789");
        fs::file file = co_await open(dir / "a", making());
        std::array<std::byte, 4> buffer;
        for (const std::uint64_t offset :
             {std::uint64_t{1} << 63, ~std::uint64_t{1}, ~std::uint64_t{0}}) {
            EXPECT_EQ((co_await file.read_at(buffer, offset)).error(), std::errc::invalid_argument);
            EXPECT_EQ((co_await file.write_at(bytes_of("x"), offset)).error(),
                      std::errc::invalid_argument);
        }
        EXPECT_EQ(get(dir / "a"), "0123456789");
    });
}

TEST(File, AWriteBeyondTheEndLeavesAHole) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        fs::file file = co_await open(dir / "a", making());
        value_or_throw(co_await file.write_all_at(bytes_of("x"), 100'000));
        EXPECT_EQ(value_or_throw(co_await file.size()), 100'001u);
        std::array<std::byte, 2> buffer{std::byte{1}, std::byte{1}};
        EXPECT_EQ(value_or_throw(co_await file.read_at(buffer, 99'999)), 2u);
        EXPECT_EQ(text_of(buffer), std::string_view("\0x", 2));
    });
}

TEST(File, AppendGoesToTheEndWhereverItIsAimed) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        put(dir / "a", "head ");
        fs::file file = co_await open(dir / "a", fs::open_options().append());
        value_or_throw(co_await file.write_all_at(bytes_of("tail"), 0));
        EXPECT_EQ(get(dir / "a"), "head tail");
    });
}

TEST(File, TruncateEmptiesAndCreateNewWantsNone) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        put(dir / "a", "old");
        const auto second =
            co_await fs::file::open(dir / "a", fs::open_options().write().create_new());
        EXPECT_FALSE(second);
        EXPECT_EQ(second.error(), std::errc::file_exists);
        EXPECT_EQ(get(dir / "a"), "old");
        fs::file file = co_await open(dir / "a", fs::open_options().write().truncate());
        EXPECT_EQ(value_or_throw(co_await file.size()), 0u);
        fs::file fresh = co_await open(dir / "b", fs::open_options().write().create_new());
        EXPECT_TRUE(std::filesystem::exists(dir / "b"));
    });
}

TEST(File, IsMadeWithItsModeAndClosedOnExec) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        const ::mode_t umask_before = ::umask(027);
        fs::file file = co_await open(dir / "a", fs::open_options().write().create().mode(0666));
        ::umask(umask_before);
        struct ::stat status {};
        EXPECT_EQ(::fstat(file.fd(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777, 0640u);
        EXPECT_EQ(::fcntl(file.fd(), F_GETFD), FD_CLOEXEC);
    });
}

TEST(File, WrongDirectionIsAnError) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        put(dir / "a", "text");
        std::array<std::byte, 1> buffer{};
        fs::file reader = co_await open(dir / "a", reading());
        EXPECT_EQ((co_await reader.write_at(buffer, 0)).error(), std::errc::bad_file_descriptor);
        fs::file writer = co_await open(dir / "a", fs::open_options().write());
        EXPECT_EQ((co_await writer.read_at(buffer, 0)).error(), std::errc::bad_file_descriptor);
        value_or_throw(co_await writer.close());
        EXPECT_EQ((co_await writer.write_at(buffer, 0)).error(), std::errc::bad_file_descriptor);
        EXPECT_EQ((co_await writer.close()).error(), std::errc::bad_file_descriptor);
    });
}

TEST(File, DescriptorsEndWithTheirFiles) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        const std::size_t before = open_descriptors();
        {
            fs::file first = co_await open(dir / "a", making());
            fs::file second = co_await open(dir / "b", making());
            EXPECT_EQ(open_descriptors(), before + 2);
            first = std::move(second);
            EXPECT_EQ(open_descriptors(), before + 1);
            fs::file adopted = fs::file::from_fd(::open((dir / "a").c_str(), O_RDONLY));
            EXPECT_EQ(open_descriptors(), before + 2);
            value_or_throw(co_await adopted.close());
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(File, ACloseThatNobodyAwaitsClosesAllTheSame) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        const std::size_t before = open_descriptors();
        fs::file file = co_await open(dir / "a", making());
        { [[maybe_unused]] auto made = file.close(); }
        EXPECT_EQ(open_descriptors(), before);
        EXPECT_LT(file.fd(), 0);
    });
}

TEST(File, DirectReadsAndWritesWhereTheFileSystemCan) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        auto opened = co_await fs::file::open(dir / "a", making().direct());
        if (!opened) {
            EXPECT_EQ(opened.error(), std::errc::invalid_argument);
            co_return;
        }
        constexpr std::size_t block = 4096;
        alignas(block) static std::array<std::byte, 4 * block> written, read;
        std::ranges::copy(pattern(written.size(), 5), written.begin());
        value_or_throw(co_await opened->write_all_at(written, block));
        value_or_throw(co_await opened->read_exact_at(read, block));
        EXPECT_EQ(read, written);
    });
}

}  // namespace
}  // namespace spargio::fs_test
