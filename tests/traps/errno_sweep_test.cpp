// Every error the kernel may answer reaches the program as that error, and leaves a shard that
// goes on. On the simulated kernel, from the runtime down.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <vector>

#include "simulated_operations.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/testing/fault_sweep.hpp"

namespace spargio::trap_test {
namespace {

class ErrnoSweep : public ::testing::TestWithParam<simulated_operation> {};

runtime_builder one_shard() {
    return runtime_builder().shards(1).ring_entries(16).spin_us(0);
}

/// What a request of this kind may answer, by its manual page and by what io_uring adds.
std::set<int> errors_of(testing::request_kind kind) {
    using testing::request_kind;
    std::set<int> errors;
    for (const int fault : testing::fault_plan::faults_of(kind)) {
        if (fault < 0)  // the others are short transfers
            errors.insert(-fault);
    }
    std::vector<int> more;
    switch (kind) {
    case request_kind::recv:
    case request_kind::recvmsg:
        more = {EAGAIN, EBADF, ECONNREFUSED, EFAULT, EHOSTUNREACH, EINVAL, ENOTSOCK, EMSGSIZE};
        break;
    case request_kind::send:
    case request_kind::sendmsg:
    case request_kind::send_zc:
        more = {EACCES,      EAGAIN,   EALREADY,     EBADF,   ECONNREFUSED, EDESTADDRREQ,
                EFAULT,      EINVAL,   EHOSTUNREACH, EISCONN, EMSGSIZE,     ENETDOWN,
                ENETUNREACH, ENOTSOCK, EOPNOTSUPP,   EPERM};
        break;
    case request_kind::accept:
        more = {EAGAIN,      EBADF,   EFAULT, EHOSTDOWN,   EHOSTUNREACH, EINVAL,    ENETDOWN,
                ENETUNREACH, ENOBUFS, ENONET, ENOPROTOOPT, ENOTSOCK,     EOPNOTSUPP};
        break;
    case request_kind::connect:
        more = {EAGAIN, EALREADY, EBADF, EFAULT, EINPROGRESS, ENOTSOCK, EPERM, EPROTOTYPE};
        break;
    case request_kind::splice:
        more = {EAGAIN, EBADF, EINVAL, ESPIPE};
        break;
    case request_kind::shutdown:
        more = {EBADF, EINVAL, ENOTSOCK};
        break;
    default:
        break;
    }
    errors.insert(more.begin(), more.end());
    return errors;
}

/// Answered with this by the kernel, it may be done all the same.
bool may_be_done(const simulated_operation& swept, int fault) {
    // An attempt that was interrupted, found nothing or cannot be is taken back to the ring.
    return fault == EINTR || fault == EAGAIN || fault == EOPNOTSUPP ||
           std::ranges::find(swept.done_without, fault) != swept.done_without.end();
}

void expect_as_itself(const simulated_operation& swept, int fault) {
    testing::simulated_kernel kernel;
    simulated_scene scene(kernel);
    auto built = one_shard().build_on(kernel);
    ASSERT_TRUE(built) << built.error().message;
    const auto run = [&] { return built->block_on([&] { return swept.run(scene); }); };
    // What is found out when the first stream is opened would meet the error otherwise.
    if (swept.kind != testing::request_kind::shutdown) {
        EXPECT_TRUE(run());
    }
    const std::size_t open = kernel.open_descriptors();
    kernel.script({.kind = swept.kind, .result = -fault});
    // What a kernel worker says when it is interrupted within an open is EINTR elsewhere.
    const int said = fault == testing::fault_plan::restart ? EINTR : fault;
    const auto answer = run();
    if (answer) {
        EXPECT_TRUE(may_be_done(swept, fault)) << std::strerror(fault) << " was not told";
    } else {
        EXPECT_EQ(answer.error(), std::error_code(said, std::generic_category()))
            << kernel.describe();
    }
    const auto again = run();
    if (swept.kind != testing::request_kind::shutdown) {
        EXPECT_TRUE(again) << again.error() << " after " << fault;
    }
    EXPECT_EQ(kernel.open_descriptors(), open) << "after " << std::strerror(fault);
}

TEST_P(ErrnoSweep, EachErrorSurfacesAsItself) {
    const simulated_operation& swept = GetParam();
    const feature_set off = features_disabled_by_environment();
    if (swept.kind == testing::request_kind::read &&
        (off.has(feature::register_message) || off.has(feature::message_ring)))
        GTEST_SKIP() << "what is forced off makes the shard's bell a read, too";
    if (swept.kind == testing::request_kind::send_zc && off.has(feature::zero_copy_send))
        GTEST_SKIP() << "nothing is lent";
    const auto errors = errors_of(swept.kind);
    EXPECT_GE(errors.size(), 2u);
    for (const int fault : errors)
        expect_as_itself(swept, fault);
}

TEST_P(ErrnoSweep, AFaultAtEveryPointEndsInAnAnswer) {
    const simulated_operation& swept = GetParam();
    std::uint64_t answers = 0;
    const auto scenario = [&](testing::simulated_kernel& kernel) {
        simulated_scene scene(kernel);
        auto built = one_shard().build_on(kernel);
        if (!built) {
            EXPECT_FALSE(built.error().message.empty());
            return;
        }
        (void)built->block_on([&] { return swept.run(scene); });
        EXPECT_EQ(built->stats(0).operations_in_flight, 0u) << kernel.describe();
        EXPECT_TRUE(built->shutdown_blocking().clean()) << kernel.describe();
        EXPECT_EQ(kernel.foreign_entries(), 0u);
        ++answers;
    };
    // A ring that lives cannot be told to be gone, which the register call would be.
    const std::uint64_t faults =
        testing::fault_sweep(scenario, {.missing = {feature::register_message}});
    EXPECT_GT(faults, 10u);
    EXPECT_GT(answers, 10u);
}

std::string name_of(const ::testing::TestParamInfo<simulated_operation>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Sockets, ErrnoSweep, ::testing::ValuesIn(simulated_socket_operations()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Operations, ErrnoSweep, ::testing::ValuesIn(simulated_operations()),
                         name_of);

}  // namespace
}  // namespace spargio::trap_test
