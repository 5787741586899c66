// Cancelling every kind of operation, at every moment, with every order of the two completions.

#include <cerrno>
#include <deque>
#include <optional>

#include "every_operation.hpp"
#include "nop_operation.hpp"

namespace spargio::ring_test {
namespace {

using state = operation::state;
using testing::cancel_order;
using testing::cancel_race;
using testing::request_kind;
using testing::scripted_outcome;
using testing::simulated_kernel;

class Cancel : public ::testing::TestWithParam<operation_sample> {
protected:
    static constexpr std::uint64_t seeds = 40;

    void begin(std::uint64_t seed, cancel_order order = cancel_order::by_seed,
               cancel_race race = cancel_race::by_seed) {
        auto options = alone(seed);
        options.order = order;
        options.race = race;
        kernel_.emplace(options);
        world_.emplace(*kernel_);
        descriptors_ = kernel_->open_descriptors();
        ring_.emplace(*kernel_,
                      ring_options{.entries = 16, .cq_entries = 16, .most_in_flight = 16});
        op_ = GetParam().make(*world_);
        waiter_.times = 0;
        op_->waiter = &waiter_;
    }
    /// Its end is left to the cancel.
    void hold() {
        kernel_->script({.kind = GetParam().kind, .delay_ns = scripted_outcome::until_cancelled});
    }
    ring& io() { return **ring_; }
    void finish() {
        ring_->wait_until([&] { return op_->current_state() == state::done; });
        EXPECT_EQ(waiter_.times, 1u) << kernel_->describe();
        check_nothing_is_left();
    }
    bool succeeded() const {
        return GetParam().makes_descriptor ? op_->outcome() >= 0
                                           : op_->outcome() == GetParam().success;
    }
    /// The outcome says the truth: what it made is there, what it did not make is not.
    void check_nothing_is_left() {
        EXPECT_TRUE(succeeded() || op_->outcome() == -ECANCELED)
            << op_->outcome() << ", " << kernel_->describe();
        if (GetParam().makes_descriptor && op_->outcome() >= 0)
            kernel_->close(op_->outcome());
        else if (GetParam().kind == request_kind::close && op_->outcome() == 0)
            --descriptors_;
        // Late completions, if there are any, would show here.
        EXPECT_EQ(ring_->wait(10'000'000), 0u);
        EXPECT_EQ(io().in_flight(), 0u);
        ring_.reset();
        EXPECT_EQ(kernel_->pending_requests(), 0u);
        EXPECT_EQ(kernel_->open_descriptors(), descriptors_) << kernel_->describe();
    }

    std::optional<simulated_kernel> kernel_;
    std::optional<playground> world_;
    std::optional<stepped_ring> ring_;
    std::size_t descriptors_ = 0;
    std::shared_ptr<operation> op_;
    counted_waiter waiter_;
};

TEST_P(Cancel, BeforeSubmissionChangesNothing) {
    begin(1);
    io().cancel(*op_);
    EXPECT_EQ(op_->current_state(), state::idle);
    io().submit(*op_);
    finish();
    EXPECT_TRUE(succeeded());
}

TEST_P(Cancel, InTheBacklogItEndsWithoutTheKernel) {
    begin(1);
    kernel_->script_entries(-EAGAIN, 1);
    std::deque<awaited<nop_operation>> nops(16);
    for (auto& nop : nops)
        io().submit(nop.op);
    io().submit(*op_);
    ASSERT_EQ(op_->current_state(), state::backlog);
    io().cancel(*op_);
    EXPECT_EQ(op_->current_state(), state::done);
    EXPECT_EQ(op_->outcome(), -ECANCELED);
    EXPECT_EQ(waiter_.times, 0u);  // queued, not run
    for (auto& nop : nops)
        ring_->finish(nop);
    EXPECT_EQ(kernel_->requests(GetParam().kind), 0u);
    finish();
}

TEST_P(Cancel, TogetherWithItsSubmission) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        begin(seed);
        io().submit(*op_);
        io().cancel(*op_);
        finish();
    }
}

TEST_P(Cancel, InFlightItEndsCancelledAndUndone) {
    for (const cancel_order order :
         {cancel_order::acknowledgement_first, cancel_order::target_first}) {
        for (std::uint64_t seed = 0; seed < seeds; ++seed) {
            begin(seed, order, cancel_race::cancel_wins);
            hold();
            io().submit(*op_);
            ring_->turn();
            ASSERT_EQ(op_->current_state(), state::in_flight);
            io().cancel(*op_);
            finish();
            EXPECT_EQ(op_->outcome(), -ECANCELED);
            EXPECT_EQ(kernel_->completions(request_kind::cancel, 0), 1u);
        }
    }
}

TEST_P(Cancel, ResultThatIsThereBeatsIt) {
    for (const cancel_order order :
         {cancel_order::acknowledgement_first, cancel_order::target_first}) {
        for (std::uint64_t seed = 0; seed < seeds; ++seed) {
            begin(seed, order, cancel_race::result_wins);
            hold();
            io().submit(*op_);
            ring_->turn();
            io().cancel(*op_);
            finish();
            EXPECT_TRUE(succeeded()) << op_->outcome();
            EXPECT_EQ(kernel_->completions(request_kind::cancel, -ENOENT), 1u);
        }
    }
}

TEST_P(Cancel, FindsItRunning) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        begin(seed, cancel_order::by_seed, cancel_race::already_running);
        hold();
        io().submit(*op_);
        ring_->turn();
        io().cancel(*op_);
        finish();
        EXPECT_TRUE(succeeded()) << op_->outcome();
        EXPECT_EQ(kernel_->completions(request_kind::cancel, -EALREADY), 1u);
    }
}

TEST_P(Cancel, AnInterruptionIsACancellationOnlyIfThereWasACancel) {
    for (const int interruption : {-EINTR, -512, -513, -514, -516}) {
        begin(1, cancel_order::by_seed, cancel_race::result_wins);
        kernel_->script({.kind = GetParam().kind,
                         .result = interruption,
                         .delay_ns = scripted_outcome::until_cancelled});
        io().submit(*op_);
        ring_->turn();
        io().cancel(*op_);
        ring_->wait_until([&] { return op_->current_state() == state::done; });
        EXPECT_EQ(op_->outcome(), -ECANCELED);

        op_->rewind();
        kernel_->script({.kind = GetParam().kind, .result = interruption});
        io().submit(*op_);
        ring_->wait_until([&] { return op_->current_state() == state::done; });
        EXPECT_EQ(op_->outcome(), -EINTR);
        ring_.reset();
    }
}

TEST_P(Cancel, RacesItsCompletion) {
    for (std::uint64_t seed = 0; seed < 10 * seeds; ++seed) {
        begin(seed);
        io().submit(*op_);
        ring_->turn();
        kernel_->advance(seed * 100);
        io().cancel(*op_);
        finish();
    }
}

TEST_P(Cancel, AfterItsEndChangesNothing) {
    begin(1);
    io().submit(*op_);
    ring_->wait_until([&] { return op_->current_state() == state::done; });
    io().cancel(*op_);
    EXPECT_EQ(io().unsubmitted(), 0u);
    finish();
    EXPECT_TRUE(succeeded());
}

TEST_P(Cancel, TwiceIsOnce) {
    begin(1, cancel_order::by_seed, cancel_race::cancel_wins);
    hold();
    io().submit(*op_);
    ring_->turn();
    io().cancel(*op_);
    io().cancel(*op_);
    ring_->turn();
    io().cancel(*op_);
    finish();
    EXPECT_EQ(kernel_->requests(request_kind::cancel), 1u);
}

TEST_P(Cancel, AnOperationIsNotDoneBeforeItsCancelIsAcknowledged) {
    unsigned seen_between = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        begin(seed, cancel_order::target_first);
        hold();
        io().submit(*op_);
        ring_->turn();
        io().cancel(*op_);
        ring_->turn();
        if (op_->current_state() == state::completed) {
            ++seen_between;
            EXPECT_EQ(waiter_.times, 0u);
            // Closing the ring now would leave it waiting for ever.
            EXPECT_EQ(io().in_flight(), 1u);
        }
        finish();
    }
    EXPECT_GT(seen_between, 0u);
}

TEST_P(Cancel, ThatFindsNoRoomWaitsForIt) {
    for (const cancel_race race : {cancel_race::cancel_wins, cancel_race::result_wins}) {
        begin(1, cancel_order::by_seed, race);
        hold();
        io().submit(*op_);
        ring_->turn();
        std::deque<awaited<nop_operation>> nops(16);
        for (std::size_t i = 0; i < 15; ++i)
            io().submit(nops[i].op);
        io().submit(nops[15].op);  // in the backlog: sixteen are in flight
        awaited<nop_operation> last;
        EXPECT_EQ(io().unsubmitted(), 15u);
        // The cancel itself takes the last entry; the next finds none, as nothing is taken.
        kernel_->script_entries(-EAGAIN, 3);
        while (io().unsubmitted() < 16)
            ASSERT_TRUE(io().send_bell(io().descriptor(), 0));
        io().cancel(*op_);
        EXPECT_EQ(io().unsubmitted(), 16u);
        EXPECT_EQ(kernel_->requests(request_kind::cancel), 0u);
        for (auto& nop : nops)
            ring_->finish(nop);
        finish();
        EXPECT_EQ(kernel_->requests(request_kind::cancel), 1u);
    }
}

TEST_P(Cancel, ThatWaitsForRoomIsForgottenWhenTheOperationEnds) {
    begin(1);
    kernel_->script({.kind = GetParam().kind, .delay_ns = 1'000});
    io().submit(*op_);
    ring_->turn();
    while (io().unsubmitted() < 16)
        ASSERT_TRUE(io().send_bell(io().descriptor(), 0));
    kernel_->script_entries(-EAGAIN, 1);
    io().cancel(*op_);
    EXPECT_EQ(io().unsubmitted(), 16u);
    // The end comes while the cancel still waits, and the waiter must not be lost between the two.
    kernel_->advance(100'000'000);
    detail::work_list ready;
    io().reap(ready);
    EXPECT_TRUE(ready.empty());
    EXPECT_EQ(op_->current_state(), state::completed);
    finish();
    EXPECT_TRUE(succeeded());
    EXPECT_EQ(kernel_->requests(request_kind::cancel), 0u);
}

TEST(CancelInTheBacklog, IsAnEndThatAWaitDoesNotSleepThrough) {
    simulated_kernel kernel(alone(1));
    kernel.script(
        {.kind = request_kind::nop, .delay_ns = scripted_outcome::until_cancelled, .times = 16});
    stepped_ring ring(kernel, {.entries = 16, .cq_entries = 16, .most_in_flight = 16});
    std::deque<awaited<nop_operation>> held(16);
    awaited<nop_operation> waiting;
    for (auto& nop : held)
        ring->submit(nop.op);
    ring->submit(waiting.op);
    ring.turn();
    ring->cancel(waiting.op);
    // Nothing else will ever come.
    EXPECT_EQ(ring.wait(), 1u);
    EXPECT_EQ(waiting.op.outcome(), -ECANCELED);
    EXPECT_EQ(waiting.waiter.times, 1u);
    for (auto& nop : held)
        ring->cancel(nop.op);
    for (auto& nop : held)
        ring.finish(nop);
}

INSTANTIATE_TEST_SUITE_P(Every, Cancel, ::testing::ValuesIn(every_operation), sample_name);

}  // namespace
}  // namespace spargio::ring_test
