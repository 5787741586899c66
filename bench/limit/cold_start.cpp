#include <optional>
#include <thread>

#include "bench/common/pin.hpp"
#include "bench/limit/raw_ring.hpp"
#include "bench/limit/scenarios.hpp"
#include "bench/limit/shared_slots.hpp"

namespace bench::limit {
namespace {

/// Two threads, made, pinned, used for the round trips and joined; with `Rings` each also sets up
/// and tears down one io_uring, which no runtime on io_uring can avoid.
template <bool Rings>
class cold_start final : public scenario {
public:
    explicit cold_start(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        for (unsigned k = 0; k < r.iterations(); ++k)
            iterate(r);
    }

private:
    static void iterate(recorder& r) {
        r.begin();
        shared_slots slots;
        ping_chain chain;
        std::thread server([&] {
            pin_to(server_cpu);
            [[maybe_unused]] std::optional<raw_ring> ring;
            if constexpr (Rings)
                ring.emplace(256);
            slots.answer_all(r.items());
        });
        std::thread client([&] {
            pin_to(client_cpu);
            [[maybe_unused]] std::optional<raw_ring> ring;
            if constexpr (Rings)
                ring.emplace(256);
            for (std::uint64_t i = 1; i <= r.items(); ++i)
                slots.round_trip(i, chain);
        });
        server.join();
        client.join();
        r.lap();
        r.end(chain.sum);
    }
};

}  // namespace

auto cold_start_entries() -> std::vector<entry> {
    constexpr auto pins = "one thread on CPU 0, one on CPU 1, each pins itself";
    return {{"cold_start_ping_pong", "limit", "polls: two bare threads, no ring, both ends spin",
             pins, make_scenario<cold_start<false>>},
            {"cold_start_ping_pong", "limit_ring",
             "polls: the same, and each thread sets up and tears down an io_uring", pins,
             make_scenario<cold_start<true>>}};
}

}  // namespace bench::limit
