#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store.hpp"

namespace keyed_router {

inline constexpr std::string_view not_a_number = "ERR value is not an integer or out of range";
inline constexpr std::string_view out_of_memory =
    "OOM command not allowed when used memory > 'maxmemory'.";

/// What one shard does for a request: a step on one key, or on all of the shard's. Texts point into
/// the connection's input.
struct operation {
    enum class kind : std::uint8_t {
        answered,  // by the connection itself
        get,
        set,
        set_quietly,  // `number` says whether it was stored
        erase,        // `number` says whether there was one; so with exists
        exists,
        add,     // `number` to the value
        expire,  // in `number` milliseconds; then `number` says whether it will
        ttl,
        pttl,
        count,  // into `number`
        clear,
    };
    static constexpr std::int64_t no_expiry = -1;

    hashed_key key{};
    std::string_view value{};
    std::int64_t number = 0;  // of a set: milliseconds to live, or no_expiry
    kind what = kind::answered;
    store::condition when = store::condition::always;
    expiry_condition expires_when{};
    bool done = false;
    std::uint32_t owner = 0;
    std::uint32_t next = 0;        // of the same owner
    std::uint64_t reply_size = 0;  // what it appended to its owner's replies
};

/// Performs it on its owner's store and appends the reply, if it has one of its own, to `out`.
void perform(operation& step, store& keys, std::int64_t now, std::string& out);

}  // namespace keyed_router
