#include "command.hpp"

#include <algorithm>
#include <array>

#include "command_options.hpp"
#include "connection_commands.hpp"
#include "number.hpp"
#include "reply.hpp"

namespace keyed_router {
namespace {

using kind = operation::kind;
using combine = batch::combine;

enum class verb : std::uint8_t {
    get,
    set,
    incr,
    decr,
    incrby,
    decrby,
    del,
    exists,
    expire,
    pexpire,
    ttl,
    pttl,
    mget,
    mset,
    dbsize,
    flushall,
    ping,
    echo,
    select,
    hello,
    client,
    command,
    config,
    info,
    quit,
    web
};

/// Eight letters in one word, so that a name is found by comparing numbers.
constexpr auto packed(std::string_view name) -> std::uint64_t {
    std::uint64_t word = 0;
    for (const char c : name) {
        const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        word = word << 8 | static_cast<unsigned char>(upper);
    }
    return word;
}

constexpr std::size_t longest_name = 8;

struct command {
    std::uint64_t name;
    verb what;
    std::size_t least_args;  // the name among them
    std::size_t most_args;
};

constexpr std::size_t any = SIZE_MAX;

// Those in front are found first.
constexpr std::array commands = {
    command{packed("GET"), verb::get, 2, 2},
    command{packed("SET"), verb::set, 3, any},
    command{packed("INCR"), verb::incr, 2, 2},
    command{packed("MGET"), verb::mget, 2, any},
    command{packed("MSET"), verb::mset, 3, any},
    command{packed("DEL"), verb::del, 2, any},
    command{packed("EXISTS"), verb::exists, 2, any},
    command{packed("EXPIRE"), verb::expire, 3, any},
    command{packed("PEXPIRE"), verb::pexpire, 3, any},
    command{packed("TTL"), verb::ttl, 2, 2},
    command{packed("PTTL"), verb::pttl, 2, 2},
    command{packed("DECR"), verb::decr, 2, 2},
    command{packed("INCRBY"), verb::incrby, 3, 3},
    command{packed("DECRBY"), verb::decrby, 3, 3},
    command{packed("PING"), verb::ping, 1, 2},
    command{packed("ECHO"), verb::echo, 2, 2},
    command{packed("DBSIZE"), verb::dbsize, 1, 1},
    command{packed("FLUSHALL"), verb::flushall, 1, any},
    command{packed("SELECT"), verb::select, 2, 2},
    command{packed("HELLO"), verb::hello, 1, any},
    command{packed("CLIENT"), verb::client, 2, any},
    command{packed("COMMAND"), verb::command, 1, any},
    command{packed("CONFIG"), verb::config, 2, any},
    command{packed("INFO"), verb::info, 1, any},
    command{packed("QUIT"), verb::quit, 1, any},
    command{packed("POST"), verb::web, 1, any},
    command{packed("HOST:"), verb::web, 1, any},
};

auto find(std::string_view name) -> const command* {
    if (name.size() > longest_name || name.starts_with('\0')) {
        return nullptr;
    }
    const auto* found = std::ranges::find(commands, packed(name), &command::name);
    return found != commands.end() ? found : nullptr;
}

void refuse(batch& to, std::string_view why) {
    to.answer([why](std::string& out) { reply::error(out, why); });
}

void refuse_unknown(batch& to, arguments args) {
    constexpr std::size_t most_shown = 128;
    std::string begin;
    for (const std::string_view each : args.subspan(1)) {
        if (begin.size() >= most_shown) {
            break;
        }
        begin += "'" + shown(each, most_shown - begin.size()) + "' ";
    }
    refuse(to, "ERR unknown command '" + shown(args[0]) + "', with args beginning with: " + begin);
}

/// `name` in whatever case the client wrote it.
void refuse_count(batch& to, std::string_view name) {
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    refuse(to, "ERR wrong number of arguments for '" + lower + "' command");
}

void add_one(batch& to, kind what, std::string_view key, std::int64_t number = 0) {
    to.begin(combine::copy);
    to.add({.key = keyspace::hashed(key), .number = number, .what = what});
}

void add_each(batch& to, kind what, arguments keys, combine how) {
    to.begin(how);
    for (const std::string_view key : keys) {
        to.add({.key = keyspace::hashed(key), .what = what});
    }
}

void add_increment(batch& to, std::string_view key, std::string_view amount, bool down) {
    const auto number = to_number(amount);
    if (!number) {
        return refuse(to, not_a_number);
    }
    if (down && *number == INT64_MIN) {
        return refuse(to, "ERR decrement would overflow");
    }
    add_one(to, kind::add, key, down ? -*number : *number);
}

void add_expire(batch& to, arguments args, std::int64_t unit) {
    operation step{.key = keyspace::hashed(args[1]), .what = kind::expire};
    if (const auto wrong = read_expire_options(args.subspan(3), step.expires_when);
        !wrong.empty()) {
        return refuse(to, wrong);
    }
    const auto number = to_number(args[2]);
    if (!number) {
        return refuse(to, not_a_number);
    }
    const auto span = to_milliseconds(*number, unit);
    if (!span) {
        return refuse(to, unit == 1 ? "ERR invalid expire time in 'pexpire' command"
                                    : "ERR invalid expire time in 'expire' command");
    }
    step.number = *span;
    to.begin(combine::sum);
    to.add(step);
}

void add_set(batch& to, arguments args) {
    operation step{.key = keyspace::hashed(args[1]),
                   .value = args[2],
                   .number = operation::no_expiry,
                   .what = kind::set};
    if (args.size() > 3) {
        if (const auto wrong = read_set_options(args.subspan(3), step); !wrong.empty()) {
            return refuse(to, wrong);
        }
    }
    to.begin(combine::copy);
    to.add(step);
}

void add_mset(batch& to, arguments args) {
    if (args.size() % 2 == 0) {
        return refuse_count(to, "mset");
    }
    to.begin(combine::all_stored);
    for (std::size_t i = 1; i < args.size(); i += 2) {
        to.add({.key = keyspace::hashed(args[i]),
                .value = args[i + 1],
                .number = operation::no_expiry,
                .what = kind::set_quietly});
    }
}

}  // namespace

auto dispatch(arguments args, batch& to, const server_facts& facts) -> then {
    namespace own = connection_commands;
    const command* const asked = find(args[0]);
    if (asked == nullptr) {
        refuse_unknown(to, args);
        return then::go_on;
    }
    if (args.size() < asked->least_args || args.size() > asked->most_args) {
        refuse_count(to, args[0]);
        return then::go_on;
    }
    const auto answer = [&](auto write) { to.answer([&](std::string& out) { write(out); }); };
    switch (asked->what) {
    case verb::get:
        add_one(to, kind::get, args[1]);
        break;
    case verb::set:
        add_set(to, args);
        break;
    case verb::incr:
        add_one(to, kind::add, args[1], 1);
        break;
    case verb::decr:
        add_one(to, kind::add, args[1], -1);
        break;
    case verb::incrby:
        add_increment(to, args[1], args[2], false);
        break;
    case verb::decrby:
        add_increment(to, args[1], args[2], true);
        break;
    case verb::del:
        add_each(to, kind::erase, args.subspan(1), combine::sum);
        break;
    case verb::exists:
        add_each(to, kind::exists, args.subspan(1), combine::sum);
        break;
    case verb::expire:
        add_expire(to, args, 1000);
        break;
    case verb::pexpire:
        add_expire(to, args, 1);
        break;
    case verb::ttl:
        add_one(to, kind::ttl, args[1]);
        break;
    case verb::pttl:
        add_one(to, kind::pttl, args[1]);
        break;
    case verb::mget:
        add_each(to, kind::get, args.subspan(1), combine::array);
        break;
    case verb::mset:
        add_mset(to, args);
        break;
    case verb::dbsize:
        to.begin(combine::sum);
        to.add_everywhere({.what = kind::count});
        break;
    case verb::flushall:
        // How, makes no difference here.
        if (args.size() > 2 ||
            (args.size() == 2 && !same_word(args[1], "ASYNC") && !same_word(args[1], "SYNC"))) {
            refuse(to, syntax_error);
            break;
        }
        to.begin(combine::all_done);
        to.add_everywhere({.what = kind::clear});
        break;
    case verb::ping:
        answer([&](std::string& out) { own::ping(args, out); });
        break;
    case verb::echo:
        answer([&](std::string& out) { own::echo(args, out); });
        break;
    case verb::select:
        answer([&](std::string& out) { own::select(args, out); });
        break;
    case verb::hello:
        answer([&](std::string& out) { own::hello(args, facts, out); });
        break;
    case verb::client:
        answer([&](std::string& out) { own::client(args, facts, out); });
        break;
    case verb::command:
        answer([&](std::string& out) { own::command(args, out); });
        break;
    case verb::config:
        answer([&](std::string& out) { own::config(args, out); });
        break;
    case verb::info:
        answer([&](std::string& out) { own::info(facts, out); });
        break;
    case verb::quit:
        answer([&](std::string& out) { reply::simple(out, "OK"); });
        return then::close;
    case verb::web:
        // A browser that some page has sent here: what follows may be commands in its body.
        answer([](std::string&) {});
        return then::close;
    }
    return then::go_on;
}

}  // namespace keyed_router
