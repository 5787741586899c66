#include <array>

#include "bench/common/call_chain.hpp"
#include "bench/common/pause.hpp"
#include "bench/common/pinned_thread.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

/// One direction of a queue between two threads that spin: numbers in an array, and how many of
/// them there are, told once a batch.
/// Limit: as many as there are callers; each has at most one under way.
class alignas(64) lane {
public:
    void put(std::uint64_t value) { values_[put_++ % callers] = value; }
    void publish() { published_.store(put_, std::memory_order_release); }
    /// Waits until there is something to take. \return how many.
    [[nodiscard]] auto await() const -> std::uint64_t {
        std::uint64_t there = 0;
        while ((there = published_.load(std::memory_order_acquire) - taken_) == 0)
            pause();
        return there;
    }
    [[nodiscard]] auto take() -> std::uint64_t { return values_[taken_++ % callers]; }

private:
    std::array<std::uint64_t, callers> values_{};
    alignas(64) std::atomic<std::uint64_t> published_{0};
    alignas(64) std::uint64_t put_ = 0;    // the sender's
    alignas(64) std::uint64_t taken_ = 0;  // the receiver's
};

/// Calls of one caller or of 32, as values in two lanes. They are answered in their order, so
/// nothing says whose a call is.
template <std::uint64_t side_by_side>
class cross_call final : public scenario {
public:
    explicit cross_call(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        for (unsigned k = 0; k < r.iterations(); ++k)
            iterate(r);
    }

private:
    void iterate(recorder& r) {
        ready_ = false;
        server_.start([&] {
            ready_ = true;
            answer(r.items());
        });
        client_.run([&] {
            while (!ready_)
                pause();
            auto chains = make_call_chains();
            r.begin();
            call(r, chains);
            r.end(side_by_side == 1 ? chains[0].value : checksum(chains));
        });
        server_.wait();
    }

    void answer(std::uint64_t calls) {
        for (std::uint64_t done = 0; done != calls;) {
            for (std::uint64_t there = there_.await(); there != 0; --there, ++done) {
                const std::uint64_t number = done / side_by_side + 1;
                back_.put(called(there_.take(), number));
            }
            back_.publish();
        }
    }
    void call(recorder& r, std::vector<call_chain>& chains) {
        for (std::uint64_t c = 0; c != side_by_side; ++c)
            there_.put(chains[c].value);
        there_.publish();
        std::uint64_t made = side_by_side;
        for (std::uint64_t done = 0; done != r.items();) {
            for (std::uint64_t there = back_.await(); there != 0; --there, ++done) {
                const std::uint64_t c = done % side_by_side;
                chains[c].value = back_.take();
                if (c == 0)
                    r.lap();
                if (made != r.items()) {
                    there_.put(chains[c].value);
                    ++made;
                }
            }
            there_.publish();
        }
    }

    lane there_;
    lane back_;
    std::atomic<bool> ready_{false};
    pinned_thread client_{client_cpu};
    pinned_thread server_{server_cpu};
};

}  // namespace

auto cross_call_entries() -> std::vector<entry> {
    constexpr auto polls = "polls: both ends spin on a cache line";
    constexpr auto pins = "one thread on CPU 0, one on CPU 1";
    return {{"cross_shard_call_rtt", "limit", polls, pins, make_scenario<cross_call<1>>},
            {"cross_shard_call_32", "limit", polls, pins, make_scenario<cross_call<callers>>}};
}

}  // namespace bench::limit
