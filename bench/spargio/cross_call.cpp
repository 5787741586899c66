#include "bench/common/call_chain.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/call_on.hpp"

namespace bench::own {
namespace {

auto call_other(std::uint64_t value, std::uint64_t number) {
    return spargio::call_on(1, [=]() noexcept { return called(value, number); });
}

auto one_after_another(recorder& r) -> spargio::task<> {
    for (unsigned k = 0; k < r.iterations(); ++k) {
        std::uint64_t value = 1;
        r.begin();
        for (std::uint64_t i = 1; i <= r.items(); ++i) {
            value = check(co_await call_other(value, i));
            r.lap();
        }
        r.end(value);
    }
}

auto caller(call_chain& chain, std::uint64_t calls) -> spargio::task<> {
    for (std::uint64_t i = 1; i <= calls; ++i)
        chain.value = check(co_await call_other(chain.value, i));
}

auto timed_caller(call_chain& chain, std::uint64_t calls, recorder& r) -> spargio::task<> {
    for (std::uint64_t i = 1; i <= calls; ++i) {
        chain.value = check(co_await call_other(chain.value, i));
        r.lap();
    }
}

auto side_by_side(recorder& r) -> spargio::task<> {
    const std::uint64_t calls = r.items() / callers;
    for (unsigned k = 0; k < r.iterations(); ++k) {
        auto chains = make_call_chains();
        r.begin();
        std::vector<spargio::task<>> all;
        all.push_back(timed_caller(chains[0], calls, r));
        for (std::uint64_t c = 1; c < callers; ++c)
            all.push_back(caller(chains[c], calls));
        co_await spargio::when_all(std::move(all));
        r.end(checksum(chains));
    }
}

template <auto sample>
class cross_call final : public scenario {
public:
    explicit cross_call(const surroundings& /*unused*/) {}
    void run(recorder& r) override { runtime_.block_on(sample(r)); }

private:
    spargio::runtime runtime_ = build_shards({client_cpu, server_cpu});
};

}  // namespace

auto cross_call_entries() -> std::vector<entry> {
    constexpr auto pins = "one shard on CPU 0, one on CPU 1";
    return {
        {"cross_shard_call_rtt", "spargio", waits, pins,
         make_scenario<cross_call<one_after_another>>},
        {"cross_shard_call_32", "spargio", waits, pins, make_scenario<cross_call<side_by_side>>}};
}

}  // namespace bench::own
