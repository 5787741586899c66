#include "bench/common/pinned_thread.hpp"
#include "bench/limit/scenarios.hpp"
#include "bench/limit/shared_slots.hpp"

namespace bench::limit {
namespace {

/// Two threads, two cache lines, both ends spinning.
class ping_pong final : public scenario {
public:
    explicit ping_pong(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        for (unsigned k = 0; k < r.iterations(); ++k)
            iterate(r);
    }

private:
    void iterate(recorder& r) {
        slots_.reset();
        ready_ = false;
        server_.start([&] {
            ready_ = true;
            slots_.answer_all(r.items());
        });
        client_.run([&] {
            // Both ends are awake before the clock starts, as in a runtime that polls.
            while (!ready_)
                pause();
            ping_chain chain;
            r.begin();
            for (std::uint64_t i = 1; i <= r.items(); ++i) {
                slots_.round_trip(i, chain);
                r.lap();
            }
            r.end(chain.sum);
        });
        server_.wait();
    }

    shared_slots slots_;
    std::atomic<bool> ready_{false};
    pinned_thread client_{client_cpu};
    pinned_thread server_{server_cpu};
};

}  // namespace

auto ping_pong_entries() -> std::vector<entry> {
    return {{"steady_ping_pong_rtt", "limit", "polls: both ends spin on a cache line",
             "one thread on CPU 0, one on CPU 1", make_scenario<ping_pong>}};
}

}  // namespace bench::limit
