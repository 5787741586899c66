// Calls over a boundary, and waiting for them, cancelled.

#include <optional>
#include <utility>

#include "cancel_case.hpp"
#include "spargio/boundary/channel.hpp"
#include "spargio/runtime/cancellation_token.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace spargio::trap_test {
namespace {

using int_client = boundary::client<int, int>;
using int_server = boundary::server<int, int>;
using ends = std::pair<int_client, int_server>;

/// Answers each request by the number after it, from when it may on; until the client is gone.
task<void> serve(int_server server, cancellation_token may_answer) {
    for (;;) {
        auto call = co_await server.recv();
        if (!call)
            co_return;
        (void)co_await may_answer.cancelled();
        (void)call->respond(call->request() + 1);
    }
}

class calling : public cancel_subject {
public:
    explicit calling(ends of = boundary::channel<int, int>(2))
        : client_(std::move(of.first)), server_(std::move(of.second)) {}

protected:
    void begin_serving() {
        this_shard::spawn(serve(*std::exchange(server_, {}), answers_))->detach();
    }
    task<result<void>> run() override {
        const auto answer = co_await client_.call(7);
        if (!answer)
            co_return failure(answer.error());
        answer_ = *answer;
        co_return result<void>{};
    }

private:
    void let_end() override {
        answers_.cancel();
        if (server_)
            begin_serving();
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(answer_, cancelled ? 0 : 8);
        EXPECT_EQ(client_.stats().answered, cancelled ? 0u : 1u);
        EXPECT_EQ(client_.stats().waiting, 0u);
        // The next call is not mistaken for it.
        EXPECT_EQ(co_await client_.call(20), 21);
    }

    const int_client client_;
    std::optional<int_server> server_;
    const cancellation_token answers_;
    int answer_ = 0;
};

/// A server has the call.
class being_served final : public calling {
    task<result<void>> run() override {
        begin_serving();
        return calling::run();
    }
};

class receiving final : public cancel_subject {
public:
    explicit receiving(ends of = boundary::channel<int, int>(1))
        : client_(std::move(of.first)), server_(std::move(of.second)) {}

private:
    task<result<void>> run() override {
        auto call = co_await server_.recv();
        if (!call)
            co_return failure(call.error());
        received_.emplace(std::move(*call));
        co_return result<void>{};
    }
    void let_end() override { ticket_.emplace(value_or_throw(client_.try_call(7))); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(client_.stats().waiting, cancelled ? 1u : 0u);
        if (cancelled)
            received_.emplace(value_or_throw(co_await server_.recv()));
        EXPECT_EQ(received_->request(), 7);
        EXPECT_TRUE(received_->respond(8));
    }

    const int_client client_;
    const int_server server_;
    std::optional<boundary::ticket<int, int>> ticket_;
    std::optional<boundary::received_call<int, int>> received_;
};

}  // namespace

const std::vector<cancel_case>& boundary_cases() {
    static const std::vector<cancel_case> cases = {
        {"call", made<calling>, made<calling>},
        {"call_being_served", made<being_served>, made<being_served>},
        {"recv_call", made<receiving>, made<receiving>},
    };
    return cases;
}

}  // namespace spargio::trap_test
