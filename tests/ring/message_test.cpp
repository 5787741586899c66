// Messages that travel through completion queues.

#include <algorithm>
#include <optional>
#include <vector>

#include "kernel_under_test.hpp"

namespace spargio::ring_test {
namespace {

using testing::simulated_kernel;

struct noted final : message_port {
    void arrived(std::uint64_t payload, std::uint32_t word) noexcept override {
        messages.emplace_back(payload, word);
    }
    void settled(unsigned number, bool was_refused) noexcept override {
        (was_refused ? refused : posted).push_back(number);
    }
    std::vector<std::pair<std::uint64_t, std::uint32_t>> messages;
    std::vector<unsigned> posted, refused;
};

class RingMessage : public OnEveryKernel {
protected:
    void SetUp() override {
        if (!has(feature::message_ring))
            GTEST_SKIP() << "message_ring is forced off";
    }
};

TEST(RingMessageForcedOff, IsNotTaken) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel,
                      {.entries = 16, .cq_entries = 64, .disabled = {feature::message_ring}});
    EXPECT_FALSE(ring->send_message(ring->descriptor(), 1, 2, 3));
    EXPECT_EQ(ring->unsubmitted(), 0u);
}

void reap_until(stepped_ring& ring, const std::vector<unsigned>& list, std::size_t count) {
    detail::work_list ready;
    while (list.size() < count) {
        ring.wait(1'000'000);
        ring->reap(ready);
    }
    EXPECT_TRUE(ready.empty());
}

TEST_P(RingMessage, BringsAllItsBitsInOrder) {
    stepped_ring source(entry(), small());
    stepped_ring target(entry(), small());
    noted here, there;
    source->set_message_port(here);
    target->set_message_port(there);
    constexpr std::uint64_t largest = (std::uint64_t{1} << 61) - 1;
    ASSERT_TRUE(source->send_message(target->descriptor(), largest, ~0u, 63));
    ASSERT_TRUE(source->send_message(target->descriptor(), 0, 0, 0));
    reap_until(source, here.posted, 2);
    // Acknowledged in any order.
    std::ranges::sort(here.posted);
    EXPECT_EQ(here.posted, (std::vector<unsigned>{0, 63}));
    detail::work_list ready;
    while (there.messages.size() < 2) {
        target.wait(1'000'000);
        target->reap(ready);
    }
    EXPECT_EQ(there.messages[0], std::pair(largest, ~0u));
    EXPECT_EQ(there.messages[1], std::pair(std::uint64_t{0}, 0u));
}

TEST_P(RingMessage, ThatCannotBePostedIsToldByItsNumber) {
    stepped_ring source(entry(), small());
    noted here;
    source->set_message_port(here);
    std::optional<stepped_ring> target(std::in_place, entry(), small());
    const int descriptor = (*target)->descriptor();
    target.reset();
    ASSERT_TRUE(source->send_message(descriptor, 5, 6, 7));
    reap_until(source, here.refused, 1);
    EXPECT_EQ(here.refused, std::vector<unsigned>{7});
    EXPECT_TRUE(here.posted.empty());
}

INSTANTIATE_TEST_SUITE_P(Kernels, RingMessage, ::testing::ValuesIn(all_kernels), name_of);

}  // namespace
}  // namespace spargio::ring_test
