#include "bench/common/one_way.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "bench/common/pause.hpp"
#include "bench/common/pinned_thread.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

/// A ring of messages between two threads, in which the sender says now and then how far it is.
class stream {
public:
    static constexpr std::uint64_t capacity = 4096;
    struct message {
        std::uint32_t tag;
        std::uint64_t value;
    };

    void write(std::uint32_t tag, std::uint64_t value) {
        while (tail_ - head_seen_ == capacity) {
            publish();
            head_seen_ = head_.load(std::memory_order_acquire);
            pause();
        }
        slots_[tail_++ % capacity] = {tag, value};
    }
    void publish() { tail_published_.store(tail_, std::memory_order_release); }
    [[nodiscard]] auto written() const -> std::uint64_t { return tail_; }

    /// Calls `take` with each message there is. \return whether there was any.
    template <class Take>
    auto read(Take take) -> bool {
        const std::uint64_t end = tail_published_.load(std::memory_order_acquire);
        std::uint64_t at = head_.load(std::memory_order_relaxed);
        if (at == end)
            return false;
        for (; at != end; ++at)
            take(slots_[at % capacity]);
        head_.store(at, std::memory_order_release);
        return true;
    }

private:
    alignas(64) std::array<message, capacity> slots_;
    alignas(64) std::uint64_t tail_ = 0;
    std::uint64_t head_seen_ = 0;
    alignas(64) std::atomic<std::uint64_t> tail_published_{0};
    alignas(64) std::atomic<std::uint64_t> head_{0};
};

/// Two threads and two rings, both ends spinning; `every` messages the sender says how far it is.
template <std::uint64_t every>
class one_way_messages final : public scenario {
public:
    explicit one_way_messages(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        server_.start([&] { answer(r.iterations()); });
        client_.run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k)
                iterate(r);
        });
        server_.wait();
    }

private:
    void answer(std::uint64_t barriers) {
        std::uint64_t sum = 0;
        while (barriers != 0) {
            const bool any = there_.read([&](const stream::message& m) {
                if (m.tag != one_way::barrier_tag) {
                    sum = one_way::add(sum, m.value);
                    return;
                }
                back_.write(m.tag, one_way::answer(sum, m.value));
                back_.publish();
                sum = 0;
                --barriers;
            });
            if (!any)
                pause();
        }
    }
    void iterate(recorder& r) {
        r.begin();
        const std::uint64_t lot = every == 0 ? r.items() : every;
        std::uint64_t sum = 0;
        for (std::uint64_t k = 1; k <= r.items();) {
            for (const std::uint64_t end = std::min(k + lot, r.items() + 1); k != end; ++k) {
                const std::uint64_t value = one_way::value(k);
                sum = one_way::add(sum, value);
                there_.write(one_way::value_tag, value);
            }
            there_.publish();
        }
        there_.write(one_way::barrier_tag, sum);
        there_.publish();
        std::uint64_t ack = 0;
        while (!back_.read([&](const stream::message& m) { ack = m.value; }))
            pause();
        r.lap();
        r.end(ack);
    }

    stream there_;
    stream back_;
    pinned_thread client_{client_cpu};
    pinned_thread server_{server_cpu};
};

}  // namespace

auto one_way_entries() -> std::vector<entry> {
    constexpr auto wait = "polls: both ends spin on a cache line";
    constexpr auto pins = "one thread on CPU 0, one on CPU 1";
    constexpr std::uint64_t four_lines = 16;
    return {
        {"steady_one_way_send_drain", "limit", wait, pins,
         make_scenario<one_way_messages<four_lines>>},
        {"steady_one_way_batched", "limit", wait, pins,
         make_scenario<one_way_messages<one_way::lot>>},
        {"steady_one_way_batched_all", "limit", wait, pins, make_scenario<one_way_messages<0>>}};
}

}  // namespace bench::limit
