#include "store.hpp"

#include <charconv>
#include <cstring>
#include <new>
#include <utility>

#include "number.hpp"

namespace keyed_router {
namespace {

constexpr std::size_t first_slots = 64;

}  // namespace

/// Followed by the key's bytes and the value's.
struct store::record {
    std::int64_t expires;
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint32_t value_room;

    /// In steps, so that a value may grow a little in place.
    static auto block_size(std::size_t key, std::size_t value) -> std::size_t {
        constexpr std::size_t step = 16;
        return (sizeof(record) + key + value + step - 1) / step * step;
    }
    [[nodiscard]] auto block() const -> std::size_t {
        return sizeof(record) + key_size + value_room;
    }
    [[nodiscard]] auto data() -> char* { return reinterpret_cast<char*>(this + 1); }
    [[nodiscard]] auto key() -> std::string_view { return {data(), key_size}; }
    [[nodiscard]] auto value() -> std::string_view { return {data() + key_size, value_size}; }
    void put(std::string_view value) {
        // The value may be a piece of what is there.
        std::memmove(data() + key_size, value.data(), value.size());
        value_size = static_cast<std::uint32_t>(value.size());
    }
};

store::store(const store_limits& limits) : limits_(limits), slots_(first_slots) {}

store::~store() {
    clear();
}

auto store::make(const hashed_key& key, std::string_view value, std::int64_t expires) -> record* {
    const std::size_t size = record::block_size(key.text.size(), value.size());
    auto* item = new (::operator new(size))
        record{.expires = expires,
               .key_size = static_cast<std::uint32_t>(key.text.size()),
               .value_size = 0,
               .value_room = static_cast<std::uint32_t>(size - sizeof(record) - key.text.size())};
    std::memcpy(item->data(), key.text.data(), key.text.size());
    item->put(value);
    add_to(bytes_, size);
    return item;
}

void store::free(record* item) {
    const std::size_t size = item->block();
    add_to(bytes_, -size);
    ::operator delete(item, size);
}

auto store::find(const hashed_key& key, std::int64_t now) -> slot* {
    for (std::size_t at = key.hash & mask();; at = (at + 1) & mask()) {
        slot& seen = slots_[at];
        if (seen.item == nullptr) {
            return nullptr;
        }
        if (seen.hash != key.hash || seen.item->key() != key.text) {
            continue;
        }
        if (seen.item->expires <= now) {
            remove(seen);
            return nullptr;
        }
        return &seen;
    }
}

void store::insert(std::uint64_t hash, record* item) {
    std::size_t at = hash & mask();
    while (slots_[at].item != nullptr) {
        at = (at + 1) & mask();
    }
    slots_[at] = {hash, item};
}

/// Empties the slot and closes the gap, so that no search ends before what it looks for.
void store::remove(slot& at) {
    if (at.item->expires != never) {
        add_to(timed_, -std::size_t{1});
    }
    free(at.item);
    add_to(keys_, -std::size_t{1});
    auto gap = static_cast<std::size_t>(&at - slots_.data());
    for (std::size_t next = (gap + 1) & mask(); slots_[next].item != nullptr;
         next = (next + 1) & mask()) {
        // It may move up unless it would stand before its own first slot.
        const std::size_t home = slots_[next].hash & mask();
        if (((next - home) & mask()) >= ((next - gap) & mask())) {
            slots_[gap] = slots_[next];
            gap = next;
        }
    }
    slots_[gap].item = nullptr;
}

void store::grow() {
    std::vector<slot> old(slots_.size() * 2);
    slots_.swap(old);
    for (const slot& each : old) {
        if (each.item != nullptr) {
            insert(each.hash, each.item);
        }
    }
}

void store::change_expiry(record& item, std::int64_t expires) {
    if (item.expires != never) {
        add_to(timed_, -std::size_t{1});
    }
    if (expires != never) {
        add_to(timed_, 1);
    }
    item.expires = expires;
}

auto store::get(const hashed_key& key, std::int64_t now) -> std::optional<std::string_view> {
    const slot* found = find(key, now);
    if (found == nullptr) {
        return std::nullopt;
    }
    return found->item->value();
}

/// False: there is no room for it.
auto store::rewrite(slot& at, const hashed_key& key, std::string_view value) -> bool {
    if (value.size() <= at.item->value_room && at.item->block() <= 2 * value.size() + 128) {
        at.item->put(value);
        return true;
    }
    const std::size_t size = record::block_size(key.text.size(), value.size());
    if (bytes() - at.item->block() + size > limits_.max_bytes && size > at.item->block()) {
        return false;
    }
    record* const longer = make(key, value, at.item->expires);
    free(std::exchange(at.item, longer));
    return true;
}

auto store::set(const hashed_key& key, std::string_view value, std::int64_t expires, condition when,
                std::int64_t now) -> set_outcome {
    slot* const found = find(key, now);
    if (when == (found != nullptr ? condition::if_absent : condition::if_present)) {
        return set_outcome::condition_unmet;
    }
    if (found != nullptr) {
        if (!rewrite(*found, key, value)) {
            return set_outcome::full;
        }
        change_expiry(*found->item, expires);
        return set_outcome::stored;
    }
    if (keys() >= limits_.max_keys ||
        bytes() + record::block_size(key.text.size(), value.size()) > limits_.max_bytes) {
        return set_outcome::full;
    }
    if (keys() + 1 > slots_.size() / 2) {
        grow();
    }
    insert(key.hash, make(key, value, expires));
    add_to(keys_, 1);
    if (expires != never) {
        add_to(timed_, 1);
    }
    return set_outcome::stored;
}

auto store::erase(const hashed_key& key, std::int64_t now) -> bool {
    slot* const found = find(key, now);
    if (found == nullptr) {
        return false;
    }
    remove(*found);
    return true;
}

auto store::add(const hashed_key& key, std::int64_t delta, std::int64_t now)
    -> std::expected<std::int64_t, add_error> {
    slot* const found = find(key, now);
    std::int64_t value = 0;
    if (found != nullptr) {
        const auto read = to_number(found->item->value());
        if (!read) {
            return std::unexpected(add_error::not_a_number);
        }
        value = *read;
    }
    if (__builtin_add_overflow(value, delta, &value)) {
        return std::unexpected(add_error::overflow);
    }
    char text[24];
    const std::string_view written(text, std::to_chars(text, text + sizeof text, value).ptr);
    const bool stored =
        found != nullptr ? rewrite(*found, key, written)
                         : set(key, written, never, condition::always, now) == set_outcome::stored;
    if (!stored) {
        return std::unexpected(add_error::full);
    }
    return value;
}

static auto is_met(const expiry_condition& when, std::int64_t before, std::int64_t after) -> bool {
    const bool has_one = before != store::never;
    return !(when.if_none && has_one) && !(when.if_some && !has_one) &&
           !(when.if_later && after <= before) && !(when.if_sooner && after >= before);
}

auto store::set_expiry(const hashed_key& key, std::int64_t expires, expiry_condition when,
                       std::int64_t now) -> bool {
    slot* const found = find(key, now);
    if (found == nullptr || !is_met(when, found->item->expires, expires)) {
        return false;
    }
    if (expires <= now) {
        remove(*found);
    } else {
        change_expiry(*found->item, expires);
    }
    return true;
}

auto store::expiry(const hashed_key& key, std::int64_t now) -> std::optional<std::int64_t> {
    const slot* found = find(key, now);
    if (found == nullptr) {
        return std::nullopt;
    }
    return found->item->expires;
}

void store::clear() {
    for (slot& each : slots_) {
        if (each.item != nullptr) {
            free(each.item);
        }
    }
    slots_.assign(first_slots, slot{});
    slots_.shrink_to_fit();
    sweep_at_ = 0;
    keys_.store(0, relaxed);
    timed_.store(0, relaxed);
}

auto store::sweep(std::size_t slots, std::int64_t now) -> std::size_t {
    std::size_t removed = 0;
    for (; slots != 0; --slots) {
        slot& seen = slots_[sweep_at_ & mask()];
        if (seen.item != nullptr && seen.item->expires <= now) {
            remove(seen);
            ++removed;  // and what moved up is looked at next
        } else {
            sweep_at_ = (sweep_at_ + 1) & mask();
        }
    }
    return removed;
}

}  // namespace keyed_router
