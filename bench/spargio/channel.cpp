#include "bench/common/channel.hpp"

#include "bench/spargio/anywhere.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/sync/channel.hpp"

namespace bench::own {
namespace {

using sender = spargio::channel_sender<std::uint64_t>;
using receiver = spargio::channel_receiver<std::uint64_t>;

auto send_share(sender to, std::uint64_t first, std::uint64_t last) -> spargio::task<> {
    for (std::uint64_t item = first; item < last; ++item) {
        const auto sent = co_await to.send(item);
        if (!sent)
            throw std::system_error(sent.error().code);
    }
}

auto receive_all(receiver from) -> spargio::task<std::uint64_t> {
    std::uint64_t sum = 0;
    while (true) {
        const auto item = co_await from.recv();
        if (!item)
            co_return sum;
        sum += received_value(*item);
    }
}

/// Crossing: the senders stay on one shard and the receivers on the other.
template <bool crossing>
class channel final : public scenario {
public:
    explicit channel(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        runtime_.block_on([this, &r] { return sample(r); });
    }

private:
    auto sample(recorder& r) -> spargio::task<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            r.begin();
            const std::uint64_t sum = co_await once(r.items());
            r.lap();
            r.end(sum);
        }
    }

    auto once(std::uint64_t items) -> spargio::task<std::uint64_t> {
        const auto here = runtime_.handle();
        std::vector<spargio::join_handle<void>> sending;
        std::vector<spargio::join_handle<std::uint64_t>> receiving;
        {
            auto [to, from] = spargio::mpmc_channel<std::uint64_t>(channel_capacity);
            for (unsigned k = 0; k < channel_senders; ++k) {
                receiving.push_back(check(here.spawn(
                    crossing ? spargio::placement::pinned(1) : anywhere, receive_all(from))));
                sending.push_back(check(
                    here.spawn(crossing ? spargio::placement::pinned(0) : anywhere,
                               send_share(to, first_item(items, k), first_item(items, k + 1)))));
            }
        }
        for (auto& task : sending)
            co_await task;
        std::uint64_t sum = 0;
        for (auto& task : receiving)
            sum += co_await task;
        co_return sum;
    }

    spargio::runtime runtime_ = build_shards({client_cpu, server_cpu});
};

}  // namespace

auto channel_entries() -> std::vector<entry> {
    return {{"channel_mpmc_1m", "spargio", waits,
             "one shard on CPU 0, one on CPU 1, each task on either",
             make_scenario<channel<false>>},
            {"channel_mpmc_1m", "spargio_two", waits,
             "one shard on CPU 0 with the senders, one on CPU 1 with the receivers",
             make_scenario<channel<true>>}};
}

}  // namespace bench::own
