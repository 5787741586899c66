#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "spargio/core/task.hpp"

#include "store.hpp"

namespace keyed_router {

/// The clock of all expiries: milliseconds since some start.
auto clock_ms() -> std::int64_t;

/// What one shard owns: its part of the keys, and the connections that live on it.
/// Thread: the shard's, but for the counts.
class alignas(64) partition {
public:
    explicit partition(const store_limits& limits) : keys_(limits) {}

    [[nodiscard]] auto keys() -> store& { return keys_; }
    [[nodiscard]] auto keys() const -> const store& { return keys_; }
    /// Sees to it that keys whose time comes are removed though nobody asks for them: some slots
    /// ten times a second, for as long as there are such keys. \pre called on the shard
    void keep_swept();

    void enter(int connection);
    void leave(int connection) { std::erase(connections_, connection); }
    /// Lets every connection, also those that are still to enter, read what has arrived and then
    /// the end, so that each ends as if its client had closed it.
    void drain();

    /// Commands that were made of requests here, for INFO. Thread: any.
    std::atomic<std::uint64_t> commands = 0;
    std::atomic<std::uint64_t> clients = 0;

private:
    auto sweep() -> spargio::task<>;

    store keys_;
    bool swept_ = false;
    bool draining_ = false;
    std::vector<int> connections_;
};

/// The partitions of all shards, and whose a key is.
class keyspace {
public:
    keyspace(unsigned shards, const store_limits& each);

    [[nodiscard]] auto shards() const -> unsigned {
        return static_cast<unsigned>(partitions_.size());
    }
    [[nodiscard]] auto of(unsigned shard) -> partition& { return *partitions_[shard]; }
    [[nodiscard]] auto owner(const hashed_key& key) const -> unsigned {
        return static_cast<unsigned>(((key.hash >> 32) * partitions_.size()) >> 32);
    }
    [[nodiscard]] static auto hashed(std::string_view key) -> hashed_key;

private:
    std::vector<std::unique_ptr<partition>> partitions_;
};

}  // namespace keyed_router
