#include <future>

#include "bench/asio/ask.hpp"
#include "bench/asio/scenarios.hpp"
#include "bench/common/call_chain.hpp"

namespace bench::asio_peer {
namespace {

auto call_other(executor server, std::uint64_t value, std::uint64_t number) {
    return async_ask(
        server, [=] { return called(value, number); }, use_awaitable);
}

auto one_after_another(recorder& r, executor server) -> awaitable<> {
    for (unsigned k = 0; k < r.iterations(); ++k) {
        std::uint64_t value = 1;
        r.begin();
        for (std::uint64_t i = 1; i <= r.items(); ++i) {
            value = co_await call_other(server, value, i);
            r.lap();
        }
        r.end(value);
    }
}

/// `timed` is null for all callers but the first.
auto caller(call_chain& chain, std::uint64_t calls, executor server, recorder* timed)
    -> awaitable<> {
    for (std::uint64_t i = 1; i <= calls; ++i) {
        chain.value = co_await call_other(server, chain.value, i);
        if (timed != nullptr)
            timed->lap();
    }
}

class one_caller final : public scenario {
public:
    explicit one_caller(const surroundings& /*unused*/) {}
    void run(recorder& r) override { client_.run(one_after_another(r, server_.get_executor())); }

private:
    context_thread server_{server_cpu};
    context_thread client_{client_cpu};
};

class many_callers final : public scenario {
public:
    explicit many_callers(const surroundings& /*unused*/) {}
    void run(recorder& r) override {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            auto chains = make_call_chains();
            std::promise<void> done;
            asio::post(client_.get_executor(), [&] {
                r.begin();
                start(r, chains, done);
            });
            done.get_future().get();
        }
    }

private:
    void start(recorder& r, std::vector<call_chain>& chains, std::promise<void>& done) {
        left_ = callers;
        for (std::uint64_t c = 0; c < callers; ++c) {
            asio::co_spawn(client_.get_executor(),
                           caller(chains[c], r.items() / callers, server_.get_executor(),
                                  c == 0 ? &r : nullptr),
                           [&](std::exception_ptr thrown) { end_one(r, chains, done, thrown); });
        }
    }
    // All ends are on the client's thread.
    void end_one(recorder& r, const std::vector<call_chain>& chains, std::promise<void>& done,
                 std::exception_ptr thrown) {
        if (thrown && !thrown_)
            thrown_ = thrown;
        if (--left_ != 0)
            return;
        if (thrown_)
            return done.set_exception(std::exchange(thrown_, nullptr));
        r.end(checksum(chains));
        done.set_value();
    }

    std::uint64_t left_ = 0;
    std::exception_ptr thrown_;
    context_thread server_{server_cpu};
    context_thread client_{client_cpu};
};

}  // namespace

auto cross_call_entries() -> std::vector<entry> {
    constexpr auto pins = "two io_contexts, one thread on CPU 0, one on CPU 1";
    return {{"cross_shard_call_rtt", BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS, pins,
             make_scenario<one_caller>},
            {"cross_shard_call_32", BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS, pins,
             make_scenario<many_callers>}};
}

}  // namespace bench::asio_peer
