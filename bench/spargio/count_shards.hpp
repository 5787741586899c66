#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bench/common/keyed_counts.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/error.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"

namespace bench::own {

/// A shard owns the keys of each owner. Counts go to it: at once where the task happens to be
/// there, else those that one read brought travel together, by pointer. Every iteration ends with a
/// fence from each shard, behind all it sent.
class count_shards {
public:
    explicit count_shards(const spargio::runtime& on) {
        for (unsigned owner = 0; owner < count_owners; ++owner)
            shards_.push_back(check(on.handle().remote(owner)));
    }

    void begin(spargio::task_group& owners) {
        tables_ = {};
        for (unsigned owner = 0; owner < count_owners; ++owner)
            check(owners.spawn(spargio::placement::pinned(owner), collect(owner)));
    }
    void end(spargio::task_group& owners) {
        for (unsigned source = 0; source < count_owners; ++source)
            check(owners.spawn(spargio::placement::pinned(source), send_fences()));
    }
    [[nodiscard]] auto sum() const -> std::uint64_t { return sum_of(tables_); }

    auto route(std::span<const std::uint64_t> echoes) -> spargio::task<> {
        const unsigned here = spargio::this_shard::id();
        auto elsewhere = std::make_unique<batch>();
        elsewhere->reserve(echoes.size() * counts_of(0).size());
        for (const std::uint64_t echo : echoes) {
            for (const keyed_count c : counts_of(echo)) {
                if (owner_of(c.key) == here)
                    tables_[here].add(c);
                else
                    elsewhere->push_back(c);
            }
        }
        // Two owners: all that is elsewhere is with the other one.
        while (!sent(1 - here, counts, elsewhere.get()))
            co_await spargio::yield();
        (void)elsewhere.release();
    }

private:
    using batch = std::vector<keyed_count>;
    // What a message is.
    static constexpr std::uint32_t counts = 0;
    static constexpr std::uint32_t fence = 1;

    auto sent(unsigned owner, std::uint32_t what, batch* content) -> bool {
        const auto answer =
            shards_[owner].send_raw_nowait(what, reinterpret_cast<std::uintptr_t>(content));
        if (!answer && answer.error() == spargio::errc::backpressure)
            return false;
        check(answer);
        return true;
    }
    auto collect(unsigned owner) -> spargio::task<> {
        for (unsigned fences = 0; fences < count_owners;) {
            const spargio::message m = check(co_await spargio::this_shard::next_event());
            if (m.tag == fence) {
                ++fences;
                continue;
            }
            const std::unique_ptr<batch> received(reinterpret_cast<batch*>(m.value));
            for (const keyed_count c : *received)
                tables_[owner].add(c);
        }
    }
    auto send_fences() -> spargio::task<> {
        for (const spargio::remote_shard& owner : shards_)
            while (!sent(owner.index(), fence, nullptr))
                co_await spargio::yield();
    }

    std::vector<spargio::remote_shard> shards_;
    std::array<count_table, count_owners> tables_{};
};
static_assert(count_owners == 2);

}  // namespace bench::own
