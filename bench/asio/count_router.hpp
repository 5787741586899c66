#pragma once

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/join_point.hpp"
#include "bench/common/keyed_counts.hpp"

namespace bench::asio_peer {

/// A strand an owner; the counts that one read brought travel together.
class count_router {
public:
    explicit count_router(executor on) : owners_{owner(on), owner(on)} {}

    void begin() { tables_ = {}; }
    void route(std::span<const std::uint64_t> echoes) {
        std::array<std::vector<keyed_count>, count_owners> sorted;
        for (std::vector<keyed_count>& counts : sorted)
            counts.reserve(echoes.size() * counts_of(0).size());
        for (const std::uint64_t echo : echoes)
            for (const keyed_count c : counts_of(echo))
                sorted[owner_of(c.key)].push_back(c);
        for (unsigned k = 0; k < count_owners; ++k) {
            asio::post(owners_[k], [&table = tables_[k], counts = std::move(sorted[k])] {
                for (const keyed_count c : counts)
                    table.add(c);
            });
        }
    }
    /// What is posted now comes after all counts.
    auto end() -> awaitable<> {
        join_point<executor> all(count_owners);
        for (const owner& each : owners_)
            asio::post(each, [&all] { all.arrive(); });
        co_await all.wait();
    }
    [[nodiscard]] auto sum() const -> std::uint64_t { return sum_of(tables_); }

private:
    using owner = asio::strand<executor>;

    std::array<owner, count_owners> owners_;
    std::array<count_table, count_owners> tables_{};
};

}  // namespace bench::asio_peer
