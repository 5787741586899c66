#include "bench/common/timer_storm.hpp"

#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/join_point.hpp"
#include "bench/asio/scenarios.hpp"

namespace bench::asio_peer {
namespace {

using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, executor>;

/// One timer a task, set anew for every turn: what awaitable_operators would build each time costs
/// several times as much.
auto turns(executor on, std::uint64_t& x, std::uint64_t items) -> awaitable<> {
    timer deadline(on);
    bool late = false;
    for (std::uint64_t i = 0; i < items; ++i) {
        deadline.expires_after(storm_deadline(x));
        deadline.async_wait([&late](boost::system::error_code cancelled) { late |= !cancelled; });
        co_await asio::post(use_awaitable);
        deadline.cancel();
        x = mix(x, i);
    }
    // The last handler, which refers to this frame, runs before this goes on.
    co_await asio::post(use_awaitable);
    if (late)
        throw std::runtime_error("a turn took a second");
}

class timer_storm final : public scenario {
public:
    explicit timer_storm(const surroundings& /*unused*/) {}
    void run(recorder& r) override { client_.run(sample(r)); }

private:
    auto sample(recorder& r) -> awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            std::array<std::uint64_t, storm_tasks> results{};
            r.begin();
            join_point<executor> all(storm_tasks);
            for (std::uint64_t t = 0; t < storm_tasks; ++t) {
                results[t] = mix(t, 0);
                asio::co_spawn(client_.context(),
                               turns(client_.get_executor(), results[t], r.items()), all.keep());
            }
            co_await all.wait();
            r.lap();
            r.end(storm_sum(results));
        }
    }

    context_thread client_{client_cpu};
};

}  // namespace

auto timer_storm_entries() -> std::vector<entry> {
    return {{"timer_cancel_reschedule_storm", BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS,
             "one io_context and thread on CPU 0", make_scenario<timer_storm>}};
}

}  // namespace bench::asio_peer
