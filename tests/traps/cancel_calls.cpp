// Calls on another shard, cancelled: they are made all the same.

#include "cancel_case.hpp"
#include "spargio/runtime/call_on.hpp"

namespace spargio::trap_test {
namespace {

template <unsigned shard>
class calling final : public cancel_subject {
    task<result<void>> run() override {
        const auto answer = co_await call_on(shard, [this] { return ++calls_; });
        if (!answer)
            co_return failure(answer.error());
        answered_ = *answer;
        co_return result<void>{};
    }
    task<void> check(bool) override {
        EXPECT_EQ(calls_, 1u);
        EXPECT_EQ(answered_, 1u);
        co_return;
    }

    unsigned calls_ = 0;
    unsigned answered_ = 0;
};

}  // namespace

const std::vector<cancel_case>& call_cases() {
    static const std::vector<cancel_case> cases = {
        {"call_on_other_shard", made<calling<1>>, nullptr, true},
        {"call_on_own_shard", made<calling<0>>, nullptr, true},
    };
    return cases;
}

}  // namespace spargio::trap_test
