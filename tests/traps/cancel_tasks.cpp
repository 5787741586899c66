// What waits without a file or a socket, and the raw reads and writes that can wait, cancelled.

#include <fcntl.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "cancel_case.hpp"
#include "companions/signal/signal_stream.hpp"
#include "spargio/ring/ops/read.hpp"
#include "spargio/ring/ops/write.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/this_task.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio::trap_test {
namespace {

using std::chrono::nanoseconds;

template <bool waits>
class sleeping final : public cancel_subject {
    task<result<void>> run() override {
        co_return co_await sleep_for(waits ? std::chrono::hours(1) : nanoseconds(30'000));
    }
    task<void> check(bool) override { co_return; }
};

class receiving_a_message final : public cancel_subject {
    task<result<void>> run() override {
        const auto received = co_await this_shard::next_event();
        if (!received)
            co_return failure(received.error());
        value_ = received->value;
        co_return result<void>{};
    }
    void let_end() override { EXPECT_TRUE(this_shard::remote(0).send_raw_nowait(1, 7)); }
    task<void> check(bool cancelled) override {
        if (cancelled)
            value_ = value_or_throw(co_await this_shard::next_event()).value;
        EXPECT_EQ(value_, 7u);
    }
    std::uint64_t value_ = 0;
};

template <bool waits>
class joining final : public cancel_subject {
    static task<result<void>> child(bool for_long) {
        co_return co_await sleep_for(for_long ? std::chrono::hours(1) : nanoseconds(30'000));
    }
    task<result<void>> run() override {
        // The child's end is the answer: a stop is passed on to it. One that is there already must
        // not find a child that has ended.
        const stop_token stop = co_await this_task::stop();
        auto joined = value_or_throw(
            this_runtime().spawn(placement::pinned(1), child(waits || stop.stop_requested())));
        co_return co_await std::move(joined);
    }
    task<void> check(bool) override {
        EXPECT_EQ(this_runtime().stats(1).tasks_alive, 0u);
        co_return;
    }
};

class awaiting_a_signal final : public cancel_subject {
    task<result<void>> run() override {
        const auto number = co_await stream_.next();
        if (!number)
            co_return failure(number.error());
        number_ = *number;
        co_return result<void>{};
    }
    void let_end() override { ::kill(::getpid(), SIGUSR2); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(number_, cancelled ? 0 : SIGUSR2);
        if (cancelled) {
            EXPECT_EQ(value_or_throw(co_await stream_.next()), SIGUSR2);
        }
    }
    signal::signal_stream stream_ = value_or_throw(signal::signal_stream::open({SIGUSR2}));
    int number_ = 0;
};

class pipe_subject : public cancel_subject {
protected:
    pipe_subject() {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        reader_ = own_descriptor(ends[0]);
        writer_ = own_descriptor(ends[1]);
    }
    own_descriptor reader_;
    own_descriptor writer_;
};

class reading_a_pipe final : public pipe_subject {
    task<result<void>> run() override {
        const auto count = co_await detail::await_operation<read_operation>(
            detail::decode_count(), nullptr, reader_.get(), std::span(buffer_), std::uint64_t{0});
        if (!count)
            co_return failure(count.error());
        count_ = *count;
        co_return result<void>{};
    }
    void let_end() override {
        EXPECT_EQ(::write(writer_.get(), sent_.data(), sent_.size()), 100);
        writer_.close();
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(count_, cancelled ? 0u : buffer_.size());
        buffer_.resize(count_);
        std::ranges::copy(read_to_end(reader_.get()), std::back_inserter(buffer_));
        EXPECT_EQ(buffer_, sent_);
        co_return;
    }
    const std::vector<std::byte> sent_ = pattern(100);
    std::vector<std::byte> buffer_ = std::vector<std::byte>(60);
    std::size_t count_ = 0;
};

class writing_a_pipe final : public pipe_subject {
public:
    writing_a_pipe() {
        const int capacity = ::fcntl(writer_.get(), F_SETPIPE_SZ, 4096);
        full_ = pattern(static_cast<std::size_t>(capacity), 8);
        EXPECT_EQ(::write(writer_.get(), full_.data(), full_.size()), capacity);
    }

private:
    task<result<void>> run() override {
        const auto count = co_await detail::await_operation<write_operation>(
            detail::decode_count(), nullptr, writer_.get(), std::span(sent_), std::uint64_t{0});
        if (!count)
            co_return failure(count.error());
        count_ = *count;
        co_return result<void>{};
    }
    void let_end() override {
        std::vector<std::byte> buffer(full_.size());
        EXPECT_EQ(::read(reader_.get(), buffer.data(), buffer.size()),
                  static_cast<ssize_t>(buffer.size()));
        EXPECT_EQ(buffer, full_);
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(count_ == 0, cancelled);
        writer_.close();
        EXPECT_TRUE(std::ranges::equal(read_to_end(reader_.get()), std::span(sent_).first(count_)));
        co_return;
    }
    std::vector<std::byte> full_;
    const std::vector<std::byte> sent_ = pattern(500, 9);
    std::size_t count_ = 0;
};

}  // namespace

const std::vector<cancel_case>& task_cases() {
    static const std::vector<cancel_case> cases = {
        {"sleep", made<sleeping<false>>, made<sleeping<true>>},
        {"next_event", made<receiving_a_message>, made<receiving_a_message>},
        {"join", made<joining<false>>, made<joining<true>>},
        {"signal", made<awaiting_a_signal>, made<awaiting_a_signal>},
        {"read_pipe", made<reading_a_pipe>, made<reading_a_pipe>},
        {"write_pipe", made<writing_a_pipe>, made<writing_a_pipe>},
    };
    return cases;
}

}  // namespace spargio::trap_test
