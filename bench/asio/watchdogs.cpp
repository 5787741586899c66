#include "bench/common/watchdogs.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <vector>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/scenarios.hpp"

namespace bench::asio_peer {
namespace {

using steady_timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, executor>;
using std::chrono::milliseconds;

/// A handler, no coroutine, waits for each timer: another expiry ends its wait, and it waits anew.
class watchdogs final : public scenario {
public:
    explicit watchdogs(const surroundings& /*unused*/) {}
    void run(recorder& r) override { worker_.run(sample(r)); }

private:
    void move(steady_timer& timer, std::chrono::steady_clock::time_point when) {
        timer.expires_at(when);
        timer.async_wait([this](const boost::system::error_code& ended) {
            if (!ended)
                ++rang_;
        });
    }

    auto sample(recorder& r) -> awaitable<> {
        const auto start = std::chrono::steady_clock::now();
        rang_ = 0;
        std::vector<steady_timer> timers;
        timers.reserve(watchdog_count);
        for (std::uint64_t i = 0; i < watchdog_count; ++i)
            timers.emplace_back(worker_.get_executor());
        for (unsigned k = 0; k < r.iterations(); ++k) {
            for (auto& each : timers)
                move(each, start + milliseconds(watchdog_hour_ms));
            co_await asio::post(use_awaitable);
            r.begin();
            watchdog_moves moves;
            for (std::uint64_t batch = 0; batch < r.items(); ++batch) {
                for (unsigned i = 0; i < batch_moves; ++i) {
                    const auto [timer, after_ms] = moves.next();
                    move(timers[timer], start + milliseconds(after_ms));
                }
                co_await asio::post(use_awaitable);
                r.lap();
            }
            watchdog_sum sum;
            for (const auto& each : timers)
                sum.add(static_cast<std::uint64_t>((each.expiry() - start) / milliseconds(1)));
            r.end(sum.value);
        }
        for (auto& each : timers)
            move(each, start);
        while (rang_ != watchdog_count)
            co_await asio::post(use_awaitable);
    }

    context_thread worker_{client_cpu};
    std::uint64_t rang_ = 0;
};

}  // namespace

auto watchdogs_entries() -> std::vector<entry> {
    return {{"timer_watchdogs_moved_10k", BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS,
             "one io_context, one thread on CPU 0", make_scenario<watchdogs>}};
}

}  // namespace bench::asio_peer
