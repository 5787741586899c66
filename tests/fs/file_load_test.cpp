// Large files, many reads at once, several shards, and the two ways a read may take.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "fs_steps.hpp"
#include "spargio/testing/random_source.hpp"

namespace spargio::fs_test {
namespace {

task<void> write_by_chunks(fs::file& file, std::span<const std::byte> bytes, std::size_t chunk) {
    for (std::size_t at = 0; at < bytes.size(); at += chunk) {
        const auto piece = bytes.subspan(at, std::min(chunk, bytes.size() - at));
        value_or_throw(co_await file.write_all_at(piece, at));
    }
}

task<std::vector<std::byte>> read_by_chunks(fs::file& file, std::size_t chunk) {
    std::vector<std::byte> all;
    std::vector<std::byte> buffer(chunk);
    for (;;) {
        const auto count = value_or_throw(co_await file.read_at(buffer, all.size()));
        if (count == 0)
            co_return all;
        all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
    }
}

TEST(FileLoad, ALargeFileByChunks) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        const auto bytes = pattern(9'000'001, 1);
        fs::file file = value_or_throw(co_await fs::file::open(dir / "a", making()));
        co_await write_by_chunks(file, bytes, 70'000);
        EXPECT_EQ(value_or_throw(co_await file.size()), bytes.size());
        value_or_throw(co_await file.fsync());
        ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
        EXPECT_EQ(co_await read_by_chunks(file, 131'071), bytes);
        std::vector<std::byte> whole(bytes.size());
        value_or_throw(co_await file.read_exact_at(whole, 0));
        EXPECT_EQ(whole, bytes);
    });
}

task<void> read_at_random(fs::file& file, std::span<const std::byte> expected, std::uint64_t seed) {
    testing::random_source random(seed);
    std::vector<std::byte> buffer(5000);
    for (int i = 0; i < 200; ++i) {
        const std::size_t offset = random.below(expected.size());
        const std::size_t size = 1 + random.below(buffer.size());
        const auto wanted = expected.subspan(offset, std::min(size, expected.size() - offset));
        const auto into = std::span(buffer).first(wanted.size());
        value_or_throw(co_await file.read_exact_at(into, offset));
        if (!std::ranges::equal(into, wanted))
            throw std::runtime_error("wrong bytes at " + std::to_string(offset));
    }
}

task<void> read_from_many_tasks(unsigned shard_count) {
    const scratch_directory dir;
    const auto bytes = pattern(1'000'003, 2);
    fs::file file = value_or_throw(co_await fs::file::open(dir / "a", making()));
    value_or_throw(co_await file.write_all_at(bytes, 0));
    value_or_throw(co_await file.fsync());
    ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
    std::vector<join_handle<void>> readers;
    for (unsigned number = 0; number < 32; ++number)
        readers.push_back(value_or_throw(this_runtime().spawn(
            placement::pinned(number % shard_count), read_at_random(file, bytes, number))));
    for (auto& reader : readers)
        co_await std::move(reader);
}

TEST(FileLoad, ThirtyTwoReadersAtRandom) {
    on_shards(1, [] { return read_from_many_tasks(1); });
}

TEST(FileLoad, ThirtyTwoReadersOnTwoShardsShareAFile) {
    on_shards(2, [] { return read_from_many_tasks(2); });
}

TEST(FileLoad, AReaderAloneOnEachOfTwoShardsSharesAFile) {
    // Alone in their turns, both try without the ring at the same time.
    on_shards(2, []() -> task<void> {
        const scratch_directory dir;
        const auto bytes = pattern(100'003, 2);
        fs::file file = value_or_throw(co_await fs::file::open(dir / "a", making()));
        value_or_throw(co_await file.write_all_at(bytes, 0));
        auto elsewhere = value_or_throw(
            this_runtime().spawn(placement::pinned(1), read_at_random(file, bytes, 1)));
        auto here = value_or_throw(this_shard::spawn(read_at_random(file, bytes, 2)));
        co_await std::move(here);
        co_await std::move(elsewhere);
    });
}

/// Of the whole file only the page at `offset`: a read from there on begins in memory and ends on
/// the disk. `toucher` is another descriptor of the file, which reads nothing ahead.
void keep_one_page_in_memory(int file, int toucher, std::uint64_t offset) {
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::posix_fadvise(toucher, 0, 0, POSIX_FADV_RANDOM);
    char byte;
    EXPECT_GE(::pread(toucher, &byte, 1, static_cast<::off_t>(offset)), 0);
}

/// Every kind of read, with all pages in memory and with the first one only.
task<void> read_all_kinds(path where, std::span<const std::byte> content) {
    fs::file file = value_or_throw(co_await fs::file::open(where, reading()));
    const own_descriptor toucher(::open(where.c_str(), O_RDONLY | O_CLOEXEC));
    std::vector<std::byte> buffer(64 * 1024);
    constexpr std::pair<std::size_t, std::uint64_t> reads[] = {
        {10, 0},      {4096, 0},        {4096, 4096},   {65536, 0},     {65536, 100},
        {1, 199'999}, {65536, 190'000}, {100, 199'950}, {100, 200'000}, {100, 1'000'000}};
    for (const bool all_in_memory : {true, false}) {
        for (const auto& [size, offset] : reads) {
            const auto from = std::min<std::size_t>(offset, content.size());
            const auto expected = content.subspan(from, std::min(size, content.size() - from));
            if (!all_in_memory)
                keep_one_page_in_memory(file.fd(), toucher.get(), offset);
            const auto into = std::span(buffer).first(size);
            const auto count = value_or_throw(co_await file.read_at(into, offset));
            EXPECT_EQ(count == 0, expected.empty());
            EXPECT_LE(count, expected.size());
            EXPECT_TRUE(std::ranges::equal(into.first(count), expected.first(count)));
            if (all_in_memory) {
                EXPECT_EQ(count, expected.size());
            }
            if (!all_in_memory)
                keep_one_page_in_memory(file.fd(), toucher.get(), offset);
            const auto filled = co_await file.read_exact_at(into, offset);
            EXPECT_EQ(filled.has_value(), expected.size() == size);
            if (filled) {
                EXPECT_TRUE(std::ranges::equal(into, expected));
            }
        }
    }
}

TEST(FileLoad, ReadsGiveTheSameWithAndWithoutTheFirstAttempt) {
    const scratch_directory dir;
    const path where = dir / "a";
    const auto content = pattern(200'000, 9);
    on_shards(1, [&]() -> task<void> {
        fs::file file = value_or_throw(co_await fs::file::open(where, making()));
        value_or_throw(co_await file.write_all_at(content, 0));
        value_or_throw(co_await file.fsync());
    });
    auto with = shards(1).build();
    auto without = shards(1).disable(feature::attempt_first).build();
    ASSERT_TRUE(with && without);
    with->block_on(read_all_kinds(where, content));
    without->block_on(read_all_kinds(where, content));
    EXPECT_EQ(without->stats(0).attempts_succeeded, 0u);
    if (!features_disabled_by_environment().has(feature::attempt_first)) {
        EXPECT_GT(with->stats(0).attempts_succeeded, 0u);
    }
}

}  // namespace
}  // namespace spargio::fs_test
