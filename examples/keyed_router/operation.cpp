#include "operation.hpp"

#include "reply.hpp"

namespace keyed_router {
namespace {

using kind = operation::kind;

auto store_value(const operation& step, store& keys, std::int64_t now) -> store::set_outcome {
    const std::int64_t expires =
        step.number == operation::no_expiry ? store::never : now + step.number;
    return keys.set(step.key, step.value, expires, step.when, now);
}

void get(const operation& step, store& keys, std::int64_t now, std::string& out) {
    if (const auto value = keys.get(step.key, now)) {
        reply::bulk(out, *value);
    } else {
        reply::null(out);
    }
}

void set(const operation& step, store& keys, std::int64_t now, std::string& out) {
    switch (store_value(step, keys, now)) {
    case store::set_outcome::stored:
        return reply::simple(out, "OK");
    case store::set_outcome::condition_unmet:
        return reply::null(out);
    case store::set_outcome::full:
        return reply::error(out, out_of_memory);
    }
}

void add(const operation& step, store& keys, std::int64_t now, std::string& out) {
    const auto sum = keys.add(step.key, step.number, now);
    if (sum) {
        return reply::integer(out, *sum);
    }
    switch (sum.error()) {
    case store::add_error::not_a_number:
        return reply::error(out, not_a_number);
    case store::add_error::overflow:
        return reply::error(out, "ERR increment or decrement would overflow");
    case store::add_error::full:
        return reply::error(out, out_of_memory);
    }
}

void time_to_live(const operation& step, store& keys, std::int64_t now, std::string& out) {
    constexpr std::int64_t no_key = -2;
    constexpr std::int64_t no_expiry = -1;
    const auto expires = keys.expiry(step.key, now);
    if (!expires) {
        return reply::integer(out, no_key);
    }
    if (*expires == store::never) {
        return reply::integer(out, no_expiry);
    }
    const std::int64_t left = *expires - now;
    reply::integer(out, step.what == kind::pttl ? left : (left + 500) / 1000);
}

}  // namespace

void perform(operation& step, store& keys, std::int64_t now, std::string& out) {
    switch (step.what) {
    case kind::answered:
        break;
    case kind::get:
        get(step, keys, now, out);
        break;
    case kind::set:
        set(step, keys, now, out);
        break;
    case kind::set_quietly:
        step.number = store_value(step, keys, now) == store::set_outcome::stored ? 1 : 0;
        break;
    case kind::erase:
        step.number = keys.erase(step.key, now) ? 1 : 0;
        break;
    case kind::exists:
        step.number = keys.get(step.key, now) ? 1 : 0;
        break;
    case kind::add:
        add(step, keys, now, out);
        break;
    case kind::expire:
        step.number = keys.set_expiry(step.key, now + step.number, step.expires_when, now) ? 1 : 0;
        break;
    case kind::ttl:
    case kind::pttl:
        time_to_live(step, keys, now, out);
        break;
    case kind::count:
        step.number = static_cast<std::int64_t>(keys.keys());
        break;
    case kind::clear:
        keys.clear();
        step.number = 1;
        break;
    }
}

}  // namespace keyed_router
