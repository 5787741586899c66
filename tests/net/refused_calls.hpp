#pragma once

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spargio::net_test {

/// A system call with some of its arguments, and what the kernel shall answer.
struct refused_call {
    std::uint32_t number;
    unsigned first;  // of the arguments that count
    std::vector<std::uint32_t> arguments;
    std::uint32_t error;
};

/// From here on this thread, and those it starts, are answered so; what is refused later counts
/// first. For a child: nothing takes it back.
inline void refuse(const refused_call& refused) {
    constexpr unsigned load = BPF_LD | BPF_W | BPF_ABS;
    constexpr unsigned jump_if = BPF_JMP | BPF_JEQ | BPF_K;
    std::vector<::sock_filter> steps;
    const auto compare = [&](std::size_t where, std::uint32_t value) {
        steps.push_back(BPF_STMT(load, static_cast<std::uint32_t>(where)));
        steps.push_back(BPF_JUMP(jump_if, value, 1, 0));
        steps.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    };
    compare(offsetof(::seccomp_data, nr), refused.number);
    std::size_t argument = offsetof(::seccomp_data, args) + 8 * refused.first;
    for (const std::uint32_t each : refused.arguments) {
        compare(argument, each);
        argument += 8;
    }
    steps.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | refused.error));
    const ::sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
    EXPECT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    EXPECT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

}  // namespace spargio::net_test
