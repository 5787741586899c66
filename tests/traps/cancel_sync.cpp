// What tasks wait for of each other, cancelled: nothing is lost, and nothing stays locked.

#include <optional>

#include "cancel_case.hpp"
#include "spargio/sync/barrier.hpp"
#include "spargio/sync/broadcast.hpp"
#include "spargio/sync/event.hpp"
#include "spargio/sync/latch.hpp"
#include "spargio/sync/mutex.hpp"
#include "spargio/sync/notify.hpp"
#include "spargio/sync/oneshot.hpp"
#include "spargio/sync/select.hpp"
#include "spargio/sync/semaphore.hpp"
#include "spargio/sync/watch.hpp"

namespace spargio::trap_test {
namespace {

template <class T>
result<void> without_value(const result<T>& answer) {
    if (!answer)
        return failure(answer.error());
    return {};
}

/// Waits by `locks` for a lock that `held_` keeps from it. Afterwards `looks` finds it free.
template <class Lock, class Held, class Got, auto holds, auto locks, auto looks>
class locking final : public cancel_subject {
    task<result<void>> run() override {
        auto guard = co_await (lock_.*locks)();
        const auto answer = without_value(guard);
        if (guard)
            got_ = std::move(*guard);
        co_return answer;
    }
    void let_end() override { held_.unlock(); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(static_cast<bool>(got_), !cancelled);
        EXPECT_EQ(static_cast<bool>((lock_.*looks)()), cancelled);
        co_return;
    }
    Lock lock_;
    Held held_ = (lock_.*holds)();
    Got got_;
};
using locking_alone =
    locking<mutex, mutex::guard, mutex::guard, &mutex::try_lock, &mutex::lock, &mutex::try_lock>;
using locking_for_writing =
    locking<shared_mutex, shared_mutex::shared_guard, shared_mutex::guard,
            &shared_mutex::try_lock_shared, &shared_mutex::lock, &shared_mutex::try_lock_shared>;
using locking_for_reading =
    locking<shared_mutex, shared_mutex::guard, shared_mutex::shared_guard, &shared_mutex::try_lock,
            &shared_mutex::lock_shared, &shared_mutex::try_lock>;

class acquiring final : public cancel_subject {
    task<result<void>> run() override {
        auto permit = co_await permits_.acquire(3);
        const auto answer = without_value(permit);
        if (permit)
            permit->forget();
        co_return answer;
    }
    void let_end() override { permits_.release(2); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(permits_.available(), cancelled ? 4u : 1u);
        co_return;
    }
    semaphore permits_{2};
};

class awaiting_an_event final : public cancel_subject {
    task<result<void>> run() override { co_return co_await ready_.wait(); }
    void let_end() override { ready_.set(); }
    task<void> check(bool) override {
        EXPECT_TRUE(ready_.is_set());
        co_return;
    }
    event ready_;
};

class awaiting_a_latch final : public cancel_subject {
    task<result<void>> run() override { co_return co_await done_.wait(); }
    void let_end() override { done_.count_down(2); }
    task<void> check(bool) override {
        EXPECT_TRUE(done_.try_wait());
        co_return;
    }
    latch done_{2};
};

class arriving_at_a_barrier final : public cancel_subject {
    task<result<void>> run() override { co_return co_await round_.arrive_and_wait(); }
    void let_end() override { round_.arrive_and_drop(); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(phases_, cancelled ? 0u : 1u);
        EXPECT_TRUE(co_await round_.arrive_and_wait());
        EXPECT_EQ(phases_, cancelled ? 1u : 2u);
    }
    unsigned phases_ = 0;
    barrier round_{2, [this] { ++phases_; }};
};

class awaiting_a_notification final : public cancel_subject {
    task<result<void>> run() override { co_return co_await changed_.wait(); }
    void let_end() override { changed_.notify_one(); }
    task<void> check(bool cancelled) override {
        // What it did not use is there for the next.
        if (!cancelled)
            changed_.notify_one();
        EXPECT_TRUE(co_await changed_.wait());
    }
    notify changed_;
};

class receiving_from_a_channel final : public cancel_subject {
    task<result<void>> run() override {
        const auto got = co_await channel_.second.recv();
        got_ = got.value_or(0);
        co_return without_value(got);
    }
    void let_end() override { EXPECT_TRUE(channel_.first.try_send(7)); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(got_, cancelled ? 0 : 7);
        EXPECT_EQ(channel_.second.try_recv().value_or(0), cancelled ? 7 : 0);
        co_return;
    }
    std::pair<channel_sender<int>, channel_receiver<int>> channel_ = mpmc_channel<int>(2);
    int got_ = 0;
};

class sending_into_a_channel final : public cancel_subject {
public:
    sending_into_a_channel() { EXPECT_TRUE(channel_.first.try_send(std::make_unique<int>(1))); }

private:
    task<result<void>> run() override {
        auto sent = co_await channel_.first.send(std::make_unique<int>(2));
        if (sent)
            co_return result<void>{};
        EXPECT_EQ(*sent.error().item, 2);
        co_return failure(sent.error().code);
    }
    void let_end() override { EXPECT_EQ(**channel_.second.try_recv(), 1); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(channel_.second.try_recv().has_value(), !cancelled);
        EXPECT_TRUE(channel_.first.try_send(nullptr));
        co_return;
    }
    std::pair<channel_sender<std::unique_ptr<int>>, channel_receiver<std::unique_ptr<int>>>
        channel_ = mpmc_channel<std::unique_ptr<int>>(1);
};

class receiving_one final : public cancel_subject {
    task<result<void>> run() override {
        const auto got = co_await channel_.second.recv();
        got_ = got.value_or(0);
        co_return without_value(got);
    }
    void let_end() override { EXPECT_TRUE(channel_.first.send(7)); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(got_, cancelled ? 0 : 7);
        EXPECT_EQ((co_await channel_.second.recv()).value_or(0), cancelled ? 7 : 0);
    }
    std::pair<oneshot_sender<int>, oneshot_receiver<int>> channel_ = oneshot_channel<int>();
    int got_ = 0;
};

class receiving_a_broadcast final : public cancel_subject {
    task<result<void>> run() override { co_return without_value(co_await channel_.second.recv()); }
    void let_end() override { EXPECT_TRUE(channel_.first.send(7)); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(channel_.second.try_recv().has_value(), cancelled);
        co_return;
    }
    std::pair<broadcast_sender<int>, broadcast_receiver<int>> channel_ = broadcast_channel<int>(2);
};

class watching final : public cancel_subject {
    task<result<void>> run() override {
        co_return without_value(co_await channel_.second.changed());
    }
    void let_end() override { EXPECT_TRUE(channel_.first.send(7)); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(channel_.second.has_changed(), cancelled);
        EXPECT_EQ(channel_.second.get(), 7);
        co_return;
    }
    std::pair<watch_sender<int>, watch_receiver<int>> channel_ = watch_channel(1);
};

class selecting final : public cancel_subject {
    task<result<void>> run() override {
        auto first = co_await when_any(never_.second.recv(), channel_.second.recv(), lock_.lock());
        got_ = first.index();
        if (got_ == 0)
            co_return without_value(std::get<0>(first));
        co_return result<void>{};
    }
    void let_end() override {
        EXPECT_TRUE(channel_.first.try_send(7));
        held_.unlock();
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(got_ != 0, !cancelled);
        EXPECT_EQ(channel_.second.try_recv().has_value(), got_ != 1);
        EXPECT_TRUE(lock_.try_lock());
        co_return;
    }
    std::pair<channel_sender<int>, channel_receiver<int>> never_ = mpmc_channel<int>(2);
    std::pair<channel_sender<int>, channel_receiver<int>> channel_ = mpmc_channel<int>(2);
    mutex lock_;
    mutex::guard held_ = lock_.try_lock();
    std::size_t got_ = 0;
};

}  // namespace

const std::vector<cancel_case>& sync_cases() {
    static const std::vector<cancel_case> cases = {
        {"mutex", made<locking_alone>, made<locking_alone>},
        {"shared_mutex", made<locking_for_writing>, made<locking_for_writing>},
        {"shared_mutex_shared", made<locking_for_reading>, made<locking_for_reading>},
        {"semaphore", made<acquiring>, made<acquiring>},
        {"event", made<awaiting_an_event>, made<awaiting_an_event>},
        {"latch", made<awaiting_a_latch>, made<awaiting_a_latch>},
        {"barrier", made<arriving_at_a_barrier>, made<arriving_at_a_barrier>},
        {"notify", made<awaiting_a_notification>, made<awaiting_a_notification>},
        {"channel_recv", made<receiving_from_a_channel>, made<receiving_from_a_channel>},
        {"channel_send", made<sending_into_a_channel>, made<sending_into_a_channel>},
        {"oneshot_recv", made<receiving_one>, made<receiving_one>},
        {"broadcast_recv", made<receiving_a_broadcast>, made<receiving_a_broadcast>},
        {"watch_changed", made<watching>, made<watching>},
        {"select", made<selecting>, made<selecting>},
    };
    return cases;
}

}  // namespace spargio::trap_test
