#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/common/keyed_counts.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/sync/channel.hpp"

namespace bench::own {

/// A task owns the keys of each owner, on whichever shard has time for it, and the counts that one
/// read brought travel together, through a channel to each.
class count_tasks {
public:
    explicit count_tasks(const spargio::runtime& /*unused*/) {}

    void begin(spargio::task_group& owners) {
        tables_ = {};
        for (unsigned owner = 0; owner < count_owners; ++owner) {
            auto [sender, receiver] = spargio::mpsc_channel<batch>(256);
            to_[owner] = std::move(sender);
            check(owners.spawn(spargio::placement::stealable_preferred(0),
                               collect(std::move(receiver), tables_[owner])));
        }
    }
    /// Owners end once nobody can send to them any more.
    void end(spargio::task_group& /*unused*/) { to_ = {}; }
    [[nodiscard]] auto sum() const -> std::uint64_t { return sum_of(tables_); }

    auto route(std::span<const std::uint64_t> echoes) -> spargio::task<> {
        std::array<batch, count_owners> sorted;
        for (batch& each : sorted)
            each.reserve(echoes.size() * counts_of(0).size());
        for (const std::uint64_t echo : echoes)
            for (const keyed_count c : counts_of(echo))
                sorted[owner_of(c.key)].push_back(c);
        for (unsigned owner = 0; owner < count_owners; ++owner)
            if (const auto sent = co_await to_[owner]->send(std::move(sorted[owner])); !sent)
                throw std::system_error(sent.error().code);
    }

private:
    using batch = std::vector<keyed_count>;

    static auto collect(spargio::single_receiver<batch> from, count_table& into)
        -> spargio::task<> {
        while (const auto received = co_await from.recv())
            for (const keyed_count c : *received)
                into.add(c);
    }

    std::array<std::optional<spargio::channel_sender<batch>>, count_owners> to_;
    std::array<count_table, count_owners> tables_{};
};

}  // namespace bench::own
