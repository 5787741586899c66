#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace keyed_router {

/// A key and its hash, which is computed once: the upper half finds the owner, the lower the slot.
struct hashed_key {
    std::string_view text;
    std::uint64_t hash;
};

/// What one shard may hold.
struct store_limits {
    std::size_t max_keys;
    std::size_t max_bytes;
};

/// What has to be so for a key to get a time to live; all that is asked for. One that has none
/// lives for ever. Source: redis.io/commands/expire.
struct expiry_condition {
    bool if_none = false;
    bool if_some = false;
    bool if_later = false;
    bool if_sooner = false;
};

/// The keys of one shard: an open-addressing table of pointers with linear probing, each to one
/// block that holds key and value. Times are milliseconds of any clock that does not go back.
///
/// A key whose time has come is gone for everybody who asks, and removed by who asks or by sweep().
/// Thread: one, but for the counts.
/// Limit: `store_limits`; past it nothing is added or made longer. The table doubles in one go.
class store {
public:
    static constexpr std::int64_t never = INT64_MAX;

    enum class condition : std::uint8_t { always, if_absent, if_present };
    enum class set_outcome : std::uint8_t { stored, condition_unmet, full };
    enum class add_error : std::uint8_t { not_a_number, overflow, full };

    explicit store(const store_limits& limits);
    store(const store&) = delete;
    auto operator=(const store&) -> store& = delete;
    ~store();

    /// The value, until anything is changed.
    auto get(const hashed_key& key, std::int64_t now) -> std::optional<std::string_view>;
    auto set(const hashed_key& key, std::string_view value, std::int64_t expires, condition when,
             std::int64_t now) -> set_outcome;
    auto erase(const hashed_key& key, std::int64_t now) -> bool;
    /// Adds to a decimal number, 0 if there is none; its time stays.
    auto add(const hashed_key& key, std::int64_t delta, std::int64_t now)
        -> std::expected<std::int64_t, add_error>;
    /// False: there is no such key, or the condition is not met.
    auto set_expiry(const hashed_key& key, std::int64_t expires, expiry_condition when,
                    std::int64_t now) -> bool;
    /// When the key's time comes, or never.
    auto expiry(const hashed_key& key, std::int64_t now) -> std::optional<std::int64_t>;
    void clear();
    /// Looks at the next `slots` slots and removes what is over. \return how many keys.
    auto sweep(std::size_t slots, std::int64_t now) -> std::size_t;

    // Any thread may ask for the counts; elsewhere they are estimates.
    [[nodiscard]] auto keys() const -> std::size_t { return keys_.load(relaxed); }
    [[nodiscard]] auto keys_with_expiry() const -> std::size_t { return timed_.load(relaxed); }
    [[nodiscard]] auto bytes() const -> std::size_t { return bytes_.load(relaxed); }

private:
    static constexpr auto relaxed = std::memory_order_relaxed;

    struct record;
    struct slot {
        std::uint64_t hash;
        record* item;  // null: empty
    };

    [[nodiscard]] auto mask() const -> std::size_t { return slots_.size() - 1; }
    [[nodiscard]] auto find(const hashed_key& key, std::int64_t now) -> slot*;
    [[nodiscard]] auto make(const hashed_key& key, std::string_view value, std::int64_t expires)
        -> record*;
    void free(record* item);
    void insert(std::uint64_t hash, record* item);
    [[nodiscard]] auto rewrite(slot& at, const hashed_key& key, std::string_view value) -> bool;
    void remove(slot& at);
    void grow();
    void change_expiry(record& item, std::int64_t expires);

    // A writer alone: no locked instruction.
    static void add_to(std::atomic<std::size_t>& count, std::size_t more) {
        count.store(count.load(relaxed) + more, relaxed);
    }

    const store_limits limits_;
    std::vector<slot> slots_;
    std::size_t sweep_at_ = 0;
    std::atomic<std::size_t> keys_ = 0;
    std::atomic<std::size_t> timed_ = 0;
    std::atomic<std::size_t> bytes_ = 0;
};

}  // namespace keyed_router
