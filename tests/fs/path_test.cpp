#include "spargio/fs/path.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs_steps.hpp"

namespace spargio::fs_test {
namespace {

std::error_code code_of(const result<void>& answer) {
    return answer ? std::error_code() : answer.error();
}

TEST(Path, DirectoriesAreMadeAndRemoved) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        value_or_throw(co_await fs::create_dir(dir / "d", 0700));
        struct ::stat status {};
        EXPECT_EQ(::stat((dir / "d").c_str(), &status), 0);
        EXPECT_EQ(status.st_mode, S_IFDIR | 0700u);
        EXPECT_EQ(code_of(co_await fs::create_dir(dir / "d")), std::errc::file_exists);
        EXPECT_EQ(code_of(co_await fs::create_dir(dir / "no/d")),
                  std::errc::no_such_file_or_directory);
        put(dir / "d/f", "x");
        EXPECT_EQ(code_of(co_await fs::remove_dir(dir / "d")), std::errc::directory_not_empty);
        EXPECT_EQ(code_of(co_await fs::remove_dir(dir / "d/f")), std::errc::not_a_directory);
        EXPECT_EQ(code_of(co_await fs::remove_file(dir / "d")), std::errc::is_a_directory);
        value_or_throw(co_await fs::remove_file(dir / "d/f"));
        EXPECT_EQ(code_of(co_await fs::remove_file(dir / "d/f")),
                  std::errc::no_such_file_or_directory);
        value_or_throw(co_await fs::remove_dir(dir / "d"));
        EXPECT_FALSE(std::filesystem::exists(dir / "d"));
    });
}

TEST(Path, RenameReplacesInOneStep) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        put(dir / "a", "new");
        put(dir / "b", "old");
        value_or_throw(co_await fs::rename(dir / "a", dir / "b"));
        EXPECT_EQ(get(dir / "b"), "new");
        EXPECT_FALSE(std::filesystem::exists(dir / "a"));
        EXPECT_EQ(code_of(co_await fs::rename(dir / "a", dir / "c")),
                  std::errc::no_such_file_or_directory);
        std::filesystem::create_directory(dir / "d");
        EXPECT_EQ(code_of(co_await fs::rename(dir / "b", dir / "d")), std::errc::is_a_directory);
        EXPECT_EQ(code_of(co_await fs::rename(dir / "d", dir / "d/below")),
                  std::errc::invalid_argument);
        value_or_throw(co_await fs::rename(dir / "d", dir / "e"));
        EXPECT_TRUE(std::filesystem::is_directory(dir / "e"));
    });
}

TEST(Path, SyncDirOpensTheDirectoryAndClosesIt) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        const std::size_t before = open_descriptors();
        value_or_throw(co_await fs::sync_dir(dir.where()));
        EXPECT_EQ(code_of(co_await fs::sync_dir(dir / "no")), std::errc::no_such_file_or_directory);
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(Path, WhatIsNoDirectoryIsNotSaidToBeDurable) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        put(dir / "a", "x");
        EXPECT_EQ(code_of(co_await fs::sync_dir(dir / "a")), std::errc::not_a_directory);
    });
}

TEST(Path, APathWithAZeroByteNamesNothing) {
    // The kernel would see the part before it: a file nobody meant.
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        put(dir / "a", "x");
        const path cut = (dir / "a").string() + std::string("\0.txt", 5);
        const path fine = dir / "b";
        EXPECT_EQ((co_await fs::file::open(cut, reading())).error(), std::errc::invalid_argument);
        EXPECT_EQ(code_of(co_await fs::remove_file(cut)), std::errc::invalid_argument);
        EXPECT_EQ(code_of(co_await fs::remove_dir(cut)), std::errc::invalid_argument);
        EXPECT_EQ(code_of(co_await fs::create_dir(cut)), std::errc::invalid_argument);
        EXPECT_EQ(code_of(co_await fs::sync_dir(cut)), std::errc::invalid_argument);
        EXPECT_EQ(code_of(co_await fs::rename(cut, fine)), std::errc::invalid_argument);
        EXPECT_EQ(code_of(co_await fs::rename(fine, cut)), std::errc::invalid_argument);
        EXPECT_EQ(get(dir / "a"), "x");
    });
}

TEST(Path, LongAndEmptyNamesAreErrors) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        const path long_name = dir / std::string(300, 'n').c_str();
        EXPECT_EQ((co_await fs::file::open(long_name, making())).error(),
                  std::errc::filename_too_long);
        EXPECT_EQ(code_of(co_await fs::create_dir("")), std::errc::no_such_file_or_directory);
        EXPECT_EQ((co_await fs::file::open("", reading())).error(),
                  std::errc::no_such_file_or_directory);
    });
}

TEST(Path, ADirectoryCannotBeWrittenAndAFileIsNone) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        put(dir / "a", "x");
        EXPECT_EQ((co_await fs::file::open(dir.where(), fs::open_options().write())).error(),
                  std::errc::is_a_directory);
        EXPECT_EQ((co_await fs::file::open(dir / "a/b", reading())).error(),
                  std::errc::not_a_directory);
        EXPECT_EQ((co_await fs::file::open(dir / "no", reading())).error(),
                  std::errc::no_such_file_or_directory);
        fs::file directory = value_or_throw(co_await fs::file::open(dir.where(), reading()));
        std::array<std::byte, 16> buffer;
        EXPECT_EQ((co_await directory.read_at(buffer, 0)).error(), std::errc::is_a_directory);
    });
}

/// Without the rights of root, to which permissions mean nothing.
void be_refused(const path& where) {
    if (::getuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0))
        std::_Exit(2);
    on_shards(1, [where]() -> task<void> {
        EXPECT_EQ((co_await fs::file::open(where / "secret", reading())).error(),
                  std::errc::permission_denied);
        EXPECT_EQ((co_await fs::file::open(where / "new", making())).error(),
                  std::errc::permission_denied);
        EXPECT_EQ(code_of(co_await fs::create_dir(where / "d")), std::errc::permission_denied);
        EXPECT_EQ(code_of(co_await fs::remove_file(where / "secret")),
                  std::errc::permission_denied);
        EXPECT_EQ(code_of(co_await fs::rename(where / "secret", where / "s")),
                  std::errc::permission_denied);
    });
    std::_Exit(::testing::Test::HasFailure() ? 1 : 0);
}

TEST(Path, PermissionsAreHeeded) {
    // Where others may look but not write; the build folder's parents may be closed to them.
    std::string name = (std::filesystem::temp_directory_path() / "spargio-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    const path where = name;
    put(where / "secret", "x");
    ::chmod((where / "secret").c_str(), 0);
    ::chmod(where.c_str(), 0555);
    EXPECT_EXIT(be_refused(where), ::testing::ExitedWithCode(0), "");
    ::chmod(where.c_str(), 0755);
    std::filesystem::remove_all(where);
}

/// A file system of 256 KiB, for as long as it lives.
class small_file_system {
public:
    explicit small_file_system(path where) : where_(std::move(where)) {
        std::filesystem::create_directory(where_);
        mounted_ = ::mount("spargio-test", where_.c_str(), "tmpfs", 0, "size=256k") == 0;
    }
    small_file_system(const small_file_system&) = delete;
    small_file_system& operator=(const small_file_system&) = delete;
    ~small_file_system() {
        if (mounted_)
            ::umount2(where_.c_str(), MNT_DETACH);
    }
    [[nodiscard]] bool mounted() const { return mounted_; }

private:
    path where_;
    bool mounted_ = false;
};

TEST(Path, AFullFileSystemIsAnErrorAndWhatWasWrittenStays) {
    const scratch_directory dir;
    const small_file_system full(dir / "mnt");
    if (!full.mounted())
        GTEST_SKIP() << "cannot mount a tmpfs: not root";
    on_shards(1, [where = dir / "mnt"]() -> task<void> {
        const auto bytes = pattern(1 << 20, 4);
        fs::file file = value_or_throw(co_await fs::file::open(where / "a", making()));
        const auto all = co_await file.write_all_at(bytes, 0);
        EXPECT_FALSE(all);
        EXPECT_EQ(all.error(), std::errc::no_space_on_device);
        const auto size = value_or_throw(co_await file.size());
        EXPECT_GT(size, 0u);
        EXPECT_LE(size, 256u * 1024);
        std::vector<std::byte> kept(size);
        value_or_throw(co_await file.read_exact_at(kept, 0));
        EXPECT_TRUE(std::ranges::equal(kept, std::span(bytes).first(size)));
        value_or_throw(co_await file.close());
    });
}

}  // namespace
}  // namespace spargio::fs_test
