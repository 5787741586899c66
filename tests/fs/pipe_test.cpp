// Pipes with a name, through the ring like any file.

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <optional>

#include "fs_steps.hpp"

namespace spargio::fs_test {
namespace {

/// What a write answers once the reader has gone, in a process that leaves SIGPIPE alone.
task<std::error_code> write_without_a_reader(path pipe) {
    std::optional<own_descriptor> reader(std::in_place,
                                         ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    fs::file file = value_or_throw(co_await fs::file::open(pipe, fs::open_options().write()));
    EXPECT_EQ(value_or_throw(co_await file.write_at(bytes_of("read"), 0)), 4u);
    reader.reset();
    const auto written = co_await file.write_at(bytes_of("not read"), 0);
    value_or_throw(co_await file.close());
    co_return written ? std::error_code() : written.error();
}

[[noreturn]] void write_in_a_child() {
    ::signal(SIGPIPE, SIG_DFL);
    std::error_code answer;
    {
        const scratch_directory scratch;
        const path pipe = scratch / "pipe";
        EXPECT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
        answer = on_shards(1, [&] { return write_without_a_reader(pipe); });
    }
    std::_Exit(answer == std::errc::broken_pipe ? 0 : 1);
}

TEST(Pipe, WritingWithoutAReaderIsBrokenPipe) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(write_in_a_child(), ::testing::ExitedWithCode(0), "");
}

bool blocks_sigpipe() {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, SIGPIPE) == 1;
}

TEST(Pipe, SigpipeIsBlockedOnShardsAlone) {
    ASSERT_FALSE(blocks_sigpipe());
    EXPECT_TRUE(on_shards(1, []() -> task<bool> { co_return blocks_sigpipe(); }));
    EXPECT_FALSE(blocks_sigpipe());
}

}  // namespace
}  // namespace spargio::fs_test
