#include "bench/common/one_way.hpp"

#include <array>
#include <span>
#include <vector>

#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"

namespace bench::own {
namespace {

using spargio::message;
using spargio::raw_message;

/// Answers `barriers` of them.
auto receiver(std::uint64_t barriers) -> spargio::task<> {
    const auto back = spargio::this_shard::remote(0);
    std::array<message, 256> room;
    std::uint64_t sum = 0;
    while (barriers != 0) {
        const std::size_t count = check(co_await spargio::this_shard::next_events(room));
        for (const message& each : std::span(room).first(count)) {
            if (each.tag != one_way::barrier_tag) {
                sum = one_way::add(sum, each.value);
                continue;
            }
            check(back.send_raw_nowait(each.tag, one_way::answer(sum, each.value)));
            sum = 0;
            --barriers;
        }
    }
}

/// A mailbox that is full has the receiver have its turn.
auto send_singly(spargio::remote_shard server, std::uint64_t items)
    -> spargio::task<std::uint64_t> {
    std::uint64_t sum = 0;
    for (std::uint64_t k = 1; k <= items; ++k) {
        const std::uint64_t value = one_way::value(k);
        sum = one_way::add(sum, value);
        while (!server.send_raw_nowait(one_way::value_tag, value))
            [[unlikely]] co_await spargio::yield();
    }
    co_return sum;
}

auto send_lots(spargio::remote_shard server, std::uint64_t items, std::span<raw_message> lot)
    -> spargio::task<std::uint64_t> {
    std::uint64_t sum = 0;
    for (std::uint64_t k = 1; k <= items;) {
        std::size_t filled = 0;
        for (; filled != lot.size() && k <= items; ++filled, ++k) {
            lot[filled] = {one_way::value_tag, one_way::value(k)};
            sum = one_way::add(sum, lot[filled].value);
        }
        for (std::span<const raw_message> left = lot.first(filled); !left.empty();) {
            left = left.subspan(server.send_many_nowait(left).value_or(0));
            if (!left.empty()) [[unlikely]]
                co_await spargio::yield();
        }
    }
    co_return sum;
}

/// `lot` 1: each message for itself; 0: all in one.
auto sample(recorder& r, std::uint64_t lot) -> spargio::task<> {
    const auto server = spargio::this_shard::remote(1);
    std::vector<raw_message> buffer(lot == 0 ? r.items() : lot);
    for (unsigned k = 0; k < r.iterations(); ++k) {
        r.begin();
        const std::uint64_t sum = lot == 1 ? co_await send_singly(server, r.items())
                                           : co_await send_lots(server, r.items(), buffer);
        check(co_await server.flush());
        check(co_await server.send_raw(one_way::barrier_tag, sum));
        const message ack = check(co_await spargio::this_shard::next_event());
        r.lap();
        r.end(ack.value);
    }
}

template <std::uint64_t lot>
class one_way_messages final : public scenario {
public:
    explicit one_way_messages(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        auto answering =
            check(runtime_.handle().spawn(spargio::placement::pinned(1), receiver(r.iterations())));
        runtime_.block_on(sample(r, lot));
        answering.wait();
    }

private:
    spargio::runtime runtime_ = build_shards({client_cpu, server_cpu});
};

}  // namespace

auto one_way_entries() -> std::vector<entry> {
    constexpr auto pins = "one shard on CPU 0, one on CPU 1";
    return {
        {"steady_one_way_send_drain", "spargio", waits, pins, make_scenario<one_way_messages<1>>},
        {"steady_one_way_batched", "spargio", waits, pins,
         make_scenario<one_way_messages<one_way::lot>>},
        {"steady_one_way_batched_all", "spargio", waits, pins, make_scenario<one_way_messages<0>>}};
}

}  // namespace bench::own
