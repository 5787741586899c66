// Why a runtime cannot start: every cause has a sentence, and the real ones are shown in a child
// process.

#include "spargio/runtime/refusal.hpp"

#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>

#include "process.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio {
namespace {

using runtime_test::run_child;
using ::testing::AllOf;
using ::testing::HasSubstr;

error explained(int error_number, int sysctl = 0) {
    return explain_refusal(std::error_code(error_number, std::generic_category()), {sysctl});
}

TEST(Refusal, NoSystemCall) {
    const error why = explained(ENOSYS);
    EXPECT_EQ(why.code, errc::io_uring_unavailable);
    EXPECT_THAT(why.message,
                AllOf(HasSubstr("ENOSYS"), HasSubstr("CONFIG_IO_URING"), HasSubstr("seccomp")));
}

TEST(Refusal, SwitchedOffForAll) {
    for (int error_number : {EPERM, EACCES}) {
        const error why = explained(error_number, 2);
        EXPECT_EQ(why.code, errc::io_uring_unavailable);
        EXPECT_THAT(why.message, HasSubstr("set the sysctl kernel.io_uring_disabled to 0"));
    }
}

TEST(Refusal, SwitchedOffForTheUnprivileged) {
    const error why = explained(EPERM, 1);
    EXPECT_EQ(why.code, errc::io_uring_unavailable);
    EXPECT_THAT(why.message, AllOf(HasSubstr("unprivileged"), HasSubstr("io_uring_group")));
}

TEST(Refusal, ForbiddenToThisProcess) {
    const error why = explained(EPERM);
    EXPECT_EQ(why.code, errc::io_uring_unavailable);
    EXPECT_THAT(why.message, AllOf(HasSubstr("EPERM"), HasSubstr("seccomp")));
}

TEST(Refusal, NoMemoryNoDescriptorsBadSettingsAndAnythingElseKeepTheKernelsCode) {
    for (const auto& [error_number, cure] :
         {std::pair{ENOMEM, "ulimit -l"}, std::pair{EMFILE, "ulimit -n"},
          std::pair{ENFILE, "ulimit -n"}, std::pair{EINVAL, "Linux 5.19"},
          std::pair{EIO, "Input/output error"}}) {
        const error why = explained(error_number);
        EXPECT_EQ(why.code, std::error_code(error_number, std::generic_category()));
        EXPECT_THAT(why.message, HasSubstr(cure));
        EXPECT_EQ(why.message.find('\n'), std::string::npos);
    }
}

TEST(Refusal, BuildSaysWhatTheKernelAnswered) {
    for (int error_number : {ENOSYS, EPERM, ENOMEM, EMFILE, EINVAL}) {
        testing::simulated_options options;
        options.create_error = error_number;
        testing::simulated_kernel kernel(options);
        const std::size_t threads = runtime_test::thread_names().size();
        const auto built = runtime_builder().shards(3).build_on(kernel);
        ASSERT_FALSE(built.has_value());
        EXPECT_EQ(
            built.error().message,
            explain_refusal(std::error_code(error_number, std::generic_category()), look_around())
                .message);
        EXPECT_EQ(kernel.open_descriptors(), 0u);
        EXPECT_TRUE(runtime_test::threads_become(threads));
    }
}

TEST(Refusal, ARingThatFailsLateUndoesTheOthers) {
    testing::simulated_options options;
    options.descriptors = 2;
    testing::simulated_kernel kernel(options);
    const auto built = runtime_builder().shards(4).build_on(kernel);
    ASSERT_FALSE(built.has_value());
    EXPECT_EQ(built.error().code, std::errc::too_many_files_open);
    EXPECT_EQ(kernel.open_descriptors(), 0u);
}

// --- in a child process --------------------------------------------------------------------------

/// A filter under which system call `number` answers `error_number`.
bool forbid(unsigned number, int error_number) {
    const auto answer = SECCOMP_RET_ERRNO | static_cast<unsigned>(error_number);
    std::array<sock_filter, 4> instructions = {{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number},
        {BPF_RET | BPF_K, 0, 0, answer},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    }};
    sock_fprog program{instructions.size(), instructions.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int main_of_the_child() {
    std::string name = "prog";
    std::array<char*, 2> arguments = {name.data(), nullptr};
    return run_main(1, arguments.data(), [](std::vector<std::string>) -> task<int> {
        std::puts("the entry runs");
        co_return 0;
    });
}

SPARGIO_CHILD_PROGRAM(without_io_uring) {
    return forbid(__NR_io_uring_setup, ENOSYS) ? main_of_the_child() : 99;
}
SPARGIO_CHILD_PROGRAM(forbidden_io_uring) {
    return forbid(__NR_io_uring_setup, EPERM) ? main_of_the_child() : 99;
}
SPARGIO_CHILD_PROGRAM(forbidden_entry) {
    return forbid(__NR_io_uring_enter, EPERM) ? main_of_the_child() : 99;
}
SPARGIO_CHILD_PROGRAM(forbidden_preadv2) {
    if (!forbid(__NR_preadv2, EPERM))
        return 99;
    const auto read = run([]() -> task<result<std::size_t>> {
        auto file = co_await fs::file::open("/proc/self/exe", fs::open_options().read());
        if (!file)
            co_return failure(file.error());
        std::array<std::byte, 4> magic;
        co_return co_await file->read_at(magic, 0);
    });
    return read == result<std::size_t>(4) ? 0 : 1;
}
SPARGIO_CHILD_PROGRAM(no_descriptors) {
    const rlimit few{3, 3};
    return ::setrlimit(RLIMIT_NOFILE, &few) == 0 ? main_of_the_child() : 99;
}
SPARGIO_CHILD_PROGRAM(allowed_io_uring) {
    return main_of_the_child();
}

void expect_one_line(const runtime_test::child_end& end, const std::string& text) {
    EXPECT_EQ(end.status, 1) << end.err;
    EXPECT_EQ(end.out.find("the entry runs"), std::string::npos);
    EXPECT_THAT(end.err, AllOf(::testing::StartsWith("prog: cannot start: "), HasSubstr(text)));
    EXPECT_EQ(std::ranges::count(end.err, '\n'), 1) << end.err;
}

TEST(Refusal, AFilterThatHidesIoUringIsNamed) {
    expect_one_line(run_child("without_io_uring"), "ENOSYS");
}

TEST(Refusal, AFilterThatForbidsIoUringIsNamed) {
    expect_one_line(run_child("forbidden_io_uring"), "EPERM");
}

TEST(Refusal, AFilterThatLetsARingBeOpenedButNotEnteredIsNamed) {
    expect_one_line(run_child("forbidden_entry"), "EPERM");
}

TEST(Refusal, AFilterThatForbidsReadingWithoutTheRingIsGoneAround) {
    const auto end = run_child("forbidden_preadv2");
    EXPECT_EQ(end.status, 0) << end.err;
}

TEST(Refusal, AnExhaustedDescriptorTableIsNamed) {
    if (SPARGIO_TEST_HAS_FEATURE(undefined_behavior_sanitizer))
        GTEST_SKIP() << "this sanitizer needs descriptors of its own";
    expect_one_line(run_child("no_descriptors"), "ulimit -n");
}

TEST(Refusal, NothingOfThisWhereIoUringIsAllowed) {
    const auto end = run_child("allowed_io_uring");
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_THAT(end.out, HasSubstr("the entry runs"));
}

}  // namespace
}  // namespace spargio
