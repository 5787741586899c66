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

}  // namespace

const std::vector<cancel_case>& message_cases() {
    static const std::vector<cancel_case> cases = {
        {"next_events", made<receiving_several>, made<receiving_several>},
    };
    return cases;
}

}  // namespace spargio::trap_test
