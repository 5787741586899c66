#include "bench/common/channel.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "bench/common/pause.hpp"
#include "bench/common/pinned_thread.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

/// A place to sleep for those who find a queue full, or empty.
class parking {
public:
    /// Sleeps unless `ready`; whoever makes it so calls wake_one() afterwards.
    template <class Ready>
    void wait_until(Ready ready) {
        constexpr int looks = 2000;
        for (int look = 0; look < looks; ++look) {
            if (ready())
                return;
            pause();
        }
        sleepers_.fetch_add(1);
        for (;;) {
            const std::uint32_t seen = epoch_.load();
            if (ready())
                break;
            syscall(SYS_futex, &epoch_, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
        }
        sleepers_.fetch_sub(1);
    }
    void wake_one() {
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (sleepers_.load(std::memory_order_relaxed) == 0)
            return;
        epoch_.fetch_add(1);
        syscall(SYS_futex, &epoch_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }

private:
    alignas(64) std::atomic<std::uint32_t> epoch_{0};
    alignas(64) std::atomic<std::uint32_t> sleepers_{0};
};

/// Many senders, many receivers, slots with sequence numbers.
class bounded_queue {
public:
    bounded_queue() {
        for (std::size_t k = 0; k < channel_capacity; ++k)
            slots_[k].turn.store(k, std::memory_order_relaxed);
    }

    void push(std::uint64_t item) {
        while (!try_push(item))
            room_.wait_until([this] { return slots_has_turn(tail_, 0); });
        items_.wake_one();
    }
    auto pop() -> std::uint64_t {
        std::uint64_t item = 0;
        while (!try_pop(item))
            items_.wait_until([this] { return slots_has_turn(head_, 1); });
        room_.wake_one();
        return item;
    }

private:
    struct slot {
        std::atomic<std::uint64_t> turn;
        std::uint64_t item;
    };

    auto at(std::uint64_t position) -> slot& { return slots_[position % channel_capacity]; }
    auto slots_has_turn(const std::atomic<std::uint64_t>& end, std::uint64_t after) -> bool {
        const std::uint64_t position = end.load(std::memory_order_relaxed);
        return at(position).turn.load() == position + after;
    }

    auto try_push(std::uint64_t item) -> bool {
        std::uint64_t position = tail_.load(std::memory_order_relaxed);
        for (;;) {
            slot& here = at(position);
            const std::uint64_t turn = here.turn.load(std::memory_order_acquire);
            if (turn == position) {
                if (!tail_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed))
                    continue;
                here.item = item;
                here.turn.store(position + 1, std::memory_order_release);
                return true;
            }
            if (turn < position)
                return false;
            position = tail_.load(std::memory_order_relaxed);
        }
    }
    auto try_pop(std::uint64_t& item) -> bool {
        std::uint64_t position = head_.load(std::memory_order_relaxed);
        for (;;) {
            slot& here = at(position);
            const std::uint64_t turn = here.turn.load(std::memory_order_acquire);
            if (turn == position + 1) {
                if (!head_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed))
                    continue;
                item = here.item;
                here.turn.store(position + channel_capacity, std::memory_order_release);
                return true;
            }
            if (turn < position + 1)
                return false;
            position = head_.load(std::memory_order_relaxed);
        }
    }

    alignas(64) std::atomic<std::uint64_t> tail_{0};
    alignas(64) std::atomic<std::uint64_t> head_{0};
    parking room_;
    parking items_;
    alignas(64) std::array<slot, channel_capacity> slots_;
};

/// A thread that sends what all the senders do, and one that receives: more threads than CPUs would
/// only wait for each other.
class channel final : public scenario {
public:
    explicit channel(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            std::uint64_t sum = 0;
            receiver_.start([&] {
                for (std::uint64_t i = 0; i < r.items(); ++i)
                    sum += received_value(queue_.pop());
            });
            r.begin();
            sender_.run([&] {
                for (std::uint64_t item = 0; item < r.items(); ++item)
                    queue_.push(item);
            });
            receiver_.wait();
            r.lap();
            r.end(sum);
        }
    }

private:
    bounded_queue queue_;
    pinned_thread sender_{client_cpu};
    pinned_thread receiver_{server_cpu};
};

}  // namespace

auto channel_entries() -> std::vector<entry> {
    return {{"channel_mpmc_1m", "limit", "polls some 50 us, then blocks in a futex",
             "one thread on CPU 0 that sends, one on CPU 1 that receives", make_scenario<channel>}};
}

}  // namespace bench::limit
