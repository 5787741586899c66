// What a kernel may lack, and what a user may switch off.

#include <cerrno>
#include <cstdlib>

#include "kernel_under_test.hpp"
#include "nop_operation.hpp"
#include "spargio/ring/outside_bell.hpp"

namespace spargio::ring_test {
namespace {

using testing::simulated_kernel;

constexpr feature every_feature[] = {
    feature::cooperative_taskrun, feature::deferred_taskrun, feature::message_ring,
    feature::register_message,    feature::registered_ring,  feature::attempt_first,
};
/// Those a ring does not look for.
constexpr feature every_stream_feature[] = {
    feature::multishot_accept, feature::provided_buffers,    feature::multishot_receive,
    feature::bundled_receive,  feature::incremental_buffers, feature::zero_copy_send,
};
static_assert(std::size(every_feature) + std::size(every_stream_feature) == feature_count);

feature_set all_of_a_ring() {
    feature_set set = feature_set::all();
    for (const feature each : every_stream_feature)
        set.remove(each);
    return set;
}

class EachFeature : public ::testing::TestWithParam<feature> {
protected:
    static void expect_works_without(kernel& entry, const ring_options& options, feature missing) {
        stepped_ring ring(entry, options);
        stepped_ring other(entry, options);
        ASSERT_TRUE(ring.opened() && other.opened());
        // Attempts are spargio's own: nothing to find out, only to switch off.
        const bool kept = missing == feature::attempt_first && options.disabled == feature_set{};
        EXPECT_EQ(ring->features().has(missing), kept) << to_string(ring->features());
        awaited<nop_operation> nop;
        EXPECT_EQ(ring.run(nop), 0);
        EXPECT_EQ(ring->send_bell(other->descriptor(), 0), missing != feature::message_ring);
        ring->flush();
    }
};

TEST_P(EachFeature, MissingOneIsFoundOutAndDoneWithout) {
    for (const bool deferred : {false, true}) {
        auto options = alone(1);
        options.missing = {GetParam()};
        simulated_kernel kernel(options);
        expect_works_without(kernel, {.entries = 16, .cq_entries = 64, .deferred = deferred},
                             GetParam());
    }
}

TEST_P(EachFeature, ForcedOffItIsNotUsed) {
    for (const bool deferred : {false, true}) {
        const ring_options options = {
            .entries = 16, .cq_entries = 64, .deferred = deferred, .disabled = {GetParam()}};
        simulated_kernel kernel(alone(1));
        expect_works_without(kernel, options, GetParam());
        expect_works_without(system_kernel(), options, GetParam());
    }
}

INSTANTIATE_TEST_SUITE_P(Every, EachFeature, ::testing::ValuesIn(every_feature),
                         [](const auto& which) { return std::string(to_string(which.param)); });

TEST(Features, OfACompleteKernelAreAllFound) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    feature_set expected = all_of_a_ring();
    expected.remove(feature::deferred_taskrun);
    EXPECT_EQ(ring->features(), expected) << to_string(ring->features());
    stepped_ring deferred(kernel, {.entries = 16, .cq_entries = 64, .deferred = true});
    expected = all_of_a_ring();
    expected.remove(feature::cooperative_taskrun);
    EXPECT_EQ(deferred->features(), expected) << to_string(deferred->features());
}

TEST(Features, WhatBuildsOnOneThatIsMissingIsMissingToo) {
    auto options = alone(1);
    simulated_kernel complete(options);
    stepped_ring forced(complete,
                        {.entries = 16, .cq_entries = 64, .disabled = {feature::message_ring}});
    EXPECT_FALSE(forced->features().has(feature::register_message));
    options.missing = {feature::message_ring};
    simulated_kernel odd(options);
    stepped_ring found(odd);
    EXPECT_FALSE(found->features().has(feature::register_message));
}

TEST(Features, OfAnOldKernelAreNone) {
    auto options = alone(1);
    options.missing = feature_set::all();
    simulated_kernel kernel(options);
    stepped_ring ring(kernel, {.entries = 16, .cq_entries = 64, .deferred = true});
    ASSERT_TRUE(ring.opened());
    feature_set expected{feature::attempt_first};  // spargio's own: there is nothing to probe
    EXPECT_EQ(ring->features(), expected) << to_string(ring->features());
    EXPECT_EQ(ring_bell_from_outside(kernel, ring->descriptor()), -EINVAL);
    awaited<nop_operation> nop;
    EXPECT_EQ(ring.run(nop), 0);
}

TEST(Features, AKernelWithoutIoUringSaysSo) {
    for (const int error : {ENOSYS, EPERM, ENOMEM, EMFILE}) {
        auto options = alone(1);
        options.create_error = error;
        simulated_kernel kernel(options);
        stepped_ring ring(kernel);
        EXPECT_FALSE(ring.opened());
        EXPECT_EQ(ring.error(), std::error_code(error, std::generic_category()));
        EXPECT_EQ(kernel.open_descriptors(), 0u);
    }
}

TEST(Features, HaveNames) {
    EXPECT_EQ(to_string(feature_set{}), "none");
    EXPECT_EQ(to_string(feature_set{feature::message_ring, feature::cooperative_taskrun}),
              "cooperative_taskrun, message_ring");
}

/// Reads SPARGIO_DISABLE, which a process reads once: in a child of its own.
[[noreturn]] void print_disabled(const char* value) {
    ::setenv("SPARGIO_DISABLE", value, 1);
    std::fprintf(stderr, "disabled: %s.", to_string(features_disabled_by_environment()).c_str());
    std::fprintf(stderr, "again: %s.", to_string(features_disabled_by_environment()).c_str());
    std::_Exit(0);
}

using FeaturesDeathTest = ::testing::Test;

TEST(FeaturesDeathTest, AreSwitchedOffByTheEnvironment) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const ::testing::ExitedWithCode success(0);
    EXPECT_EXIT(print_disabled(""), success, "disabled: none.again: none.");
    EXPECT_EXIT(print_disabled("message_ring"), success, "disabled: message_ring.");
    EXPECT_EXIT(print_disabled(",attempt_first,,message_ring,"), success,
                "disabled: message_ring, attempt_first.");
    EXPECT_EXIT(print_disabled("message_rings"), success,
                "names no feature 'message_rings'.*\ndisabled: none.");
}

TEST(RegisteredRing, IsEnteredByItsNumberAndGivenBack) {
    simulated_kernel kernel(alone(1));
    // The simulated kernel refuses an entry by a number that is not the ring's.
    for (unsigned i = 0; i < 100; ++i) {
        stepped_ring one(kernel);
        stepped_ring other(kernel);
        awaited<nop_operation> nop;
        EXPECT_EQ(one.run(nop), 0);
        nop.op.rewind();
        nop.waiter.times = 0;
        EXPECT_EQ(other.run(nop), 0);
    }
}

TEST(RegisteredRing, RealNumbersAreGivenBack) {
    // A thread has sixteen of them.
    for (unsigned i = 0; i < 40; ++i) {
        stepped_ring ring(system_kernel());
        ASSERT_TRUE(ring.opened());
        EXPECT_TRUE(ring->features().has(feature::registered_ring));
    }
}

TEST(Deferred, EntryFromAnotherThreadIsRefused) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel, {.entries = 16, .cq_entries = 64, .deferred = true});
    ::io_uring none{};
    none.ring_fd = none.enter_ring_fd = ring->descriptor();
    EXPECT_EQ(kernel.enter(none, 0, 0, 0, kernel::no_timeout), 0);
    std::thread([&] {
        EXPECT_EQ(kernel.enter(none, 0, 0, 0, kernel::no_timeout), -EEXIST);
    }).join();
    EXPECT_EQ(kernel.foreign_entries(), 1u);
}

}  // namespace
}  // namespace spargio::ring_test
