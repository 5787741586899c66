// What waits for messages, cancelled: a message is handed over or stays.

#include <array>

#include "cancel_case.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace spargio::trap_test {
namespace {

class receiving_several final : public cancel_subject {
    task<result<void>> run() override {
        const auto count = co_await this_shard::next_events(std::span(room_).first(2));
        if (!count)
            co_return failure(count.error());
        received_ = *count;
        co_return result<void>{};
    }
    void let_end() override {
        const raw_message sent[] = {{1, 7}, {1, 8}, {1, 9}};
        EXPECT_EQ(this_shard::remote(0).send_many_nowait(sent), 3u);
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(received_, cancelled ? 0u : 2u);
        while (received_ < 3) {
            received_ += value_or_throw(
                co_await this_shard::next_events(std::span(room_).subspan(received_)));
        }
        for (std::size_t i = 0; i < 3; ++i)
            EXPECT_EQ(room_[i].value, 7 + i);
    }
    std::array<message, 3> room_;
    std::size_t received_ = 0;
};

/// At once when it is `sent` that the threshold asks for, otherwise when nothing else is to be
/// done.
template <std::uint64_t sent>
class receiving_a_count final : public cancel_subject {
    task<result<void>> run() override {
        const auto count = co_await this_shard::next_hot_count(counted_tag);
        if (!count)
            co_return failure(count.error());
        count_ = *count;
        co_return result<void>{};
    }
    void let_end() override {
        EXPECT_TRUE(this_shard::remote(0).send_raw_nowait(counted_tag, sent));
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(value_or_throw(this_shard::try_take_hot_count(counted_tag)),
                  cancelled ? sent : 0u);
        EXPECT_EQ(count_, cancelled ? 0u : sent);
        co_return;
    }
    std::uint64_t count_ = 0;
};

class receiving_a_hot_message final : public cancel_subject {
    task<result<void>> run() override {
        const auto received = co_await this_shard::next_hot_event();
        if (!received)
            co_return failure(received.error());
        value_ = received->value;
        co_return result<void>{};
    }
    void let_end() override { EXPECT_TRUE(this_shard::remote(0).send_raw_nowait(hot_tag, 6)); }
    task<void> check(bool cancelled) override {
        if (cancelled) {
            EXPECT_EQ(value_, 0u);
            value_ = value_or_throw(co_await this_shard::next_hot_event()).value;
        }
        EXPECT_EQ(value_, 6u);
    }
    std::uint64_t value_ = 0;
};

}  // namespace

const std::vector<cancel_case>& message_cases() {
    static const std::vector<cancel_case> cases = {
        {"next_events", made<receiving_several>, made<receiving_several>},
        {"next_hot_event", made<receiving_a_hot_message>, made<receiving_a_hot_message>},
        {"next_hot_count", made<receiving_a_count<5>>, made<receiving_a_count<5>>},
        {"next_hot_count_enough", made<receiving_a_count<hot_threshold>>,
         made<receiving_a_count<hot_threshold>>},
    };
    return cases;
}

}  // namespace spargio::trap_test
