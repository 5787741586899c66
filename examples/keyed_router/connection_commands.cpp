#include "connection_commands.hpp"

#include "number.hpp"
#include "reply.hpp"

namespace keyed_router::connection_commands {
namespace {

constexpr std::string_view spoken_version = "7.0.0";  // of the commands, as clients compare it

void unknown_subcommand(arguments args, std::string& out) {
    reply::error(out, "ERR unknown subcommand of '" + std::string(args[0]) + "'");
}

}  // namespace

void ping(arguments args, std::string& out) {
    if (args.size() > 1) {
        return reply::bulk(out, args[1]);
    }
    reply::simple(out, "PONG");
}

void echo(arguments args, std::string& out) {
    reply::bulk(out, args[1]);
}

void select(arguments args, std::string& out) {
    const auto number = to_number(args[1]);
    if (!number) {
        return reply::error(out, "ERR value is not an integer or out of range");
    }
    if (*number < INT32_MIN || *number > INT32_MAX) {
        return reply::error(out, "ERR value is out of range, value must between -2147483648 and "
                                 "2147483647");
    }
    if (*number != 0) {
        return reply::error(out, "ERR DB index is out of range");
    }
    reply::simple(out, "OK");
}

void hello(arguments args, const server_facts& facts, std::string& out) {
    if (args.size() > 1 && args[1] != "2") {
        return reply::error(out, "NOPROTO unsupported protocol version");
    }
    if (args.size() > 2) {
        return reply::error(out, "ERR there are no users and no names here");
    }
    reply::array(out, 10);
    reply::bulk(out, "server");
    reply::bulk(out, "keyed_router");
    reply::bulk(out, "version");
    reply::bulk(out, spoken_version);
    reply::bulk(out, "proto");
    reply::integer(out, 2);
    reply::bulk(out, "id");
    reply::integer(out, static_cast<std::int64_t>(facts.connection));
    reply::bulk(out, "mode");
    reply::bulk(out, "standalone");
}

void client(arguments args, const server_facts& facts, std::string& out) {
    if (same_word(args[1], "ID")) {
        return reply::integer(out, static_cast<std::int64_t>(facts.connection));
    }
    if (same_word(args[1], "GETNAME")) {
        return reply::null(out);
    }
    // Taken note of, as far as a name nobody asks for can be.
    if (same_word(args[1], "SETNAME") || same_word(args[1], "SETINFO") ||
        same_word(args[1], "NO-EVICT") || same_word(args[1], "NO-TOUCH")) {
        return reply::simple(out, "OK");
    }
    unknown_subcommand(args, out);
}

void command(arguments args, std::string& out) {
    if (args.size() > 1 && same_word(args[1], "COUNT")) {
        return reply::integer(out, 0);
    }
    // Clients that look commands up find none described, and use them as they know them.
    reply::array(out, 0);
}

void config(arguments args, std::string& out) {
    if (!same_word(args[1], "GET")) {
        return unknown_subcommand(args, out);
    }
    constexpr std::string_view known[][2] = {
        {"save", ""}, {"appendonly", "no"}, {"databases", "1"}};
    for (const std::string_view asked : args.subspan(2)) {
        for (const auto& [name, value] : known) {
            if (asked == name) {
                reply::array(out, 2);
                reply::bulk(out, name);
                return reply::bulk(out, value);
            }
        }
    }
    reply::array(out, 0);
}

void info(const server_facts& facts, std::string& out) {
    std::uint64_t clients = 0;
    std::uint64_t commands = 0;
    std::uint64_t keys = 0;
    std::uint64_t timed = 0;
    std::uint64_t bytes = 0;
    std::string shards;
    for (unsigned shard = 0; shard < facts.keys->shards(); ++shard) {
        const partition& each = facts.keys->of(shard);
        clients += each.clients.load(std::memory_order_relaxed);
        commands += each.commands.load(std::memory_order_relaxed);
        keys += each.keys().keys();
        timed += each.keys().keys_with_expiry();
        bytes += each.keys().bytes();
        shards += "shard" + std::to_string(shard) + ":keys=" + std::to_string(each.keys().keys()) +
                  ",bytes=" + std::to_string(each.keys().bytes()) + "\r\n";
    }
    std::string text = "# Server\r\nserver_name:keyed_router\r\nredis_version:";
    text += spoken_version;
    text += "\r\nredis_mode:standalone\r\ntcp_port:" + std::to_string(facts.port);
    text += "\r\n\r\n# Clients\r\nconnected_clients:" + std::to_string(clients);
    text += "\r\n\r\n# Memory\r\nused_memory:" + std::to_string(bytes);
    text += "\r\n\r\n# Stats\r\ntotal_commands_processed:" + std::to_string(commands);
    text += "\r\n\r\n# Shards\r\n" + shards + "\r\n# Keyspace\r\n";
    if (keys != 0) {
        text += "db0:keys=" + std::to_string(keys) + ",expires=" + std::to_string(timed) +
                ",avg_ttl=0\r\n";
    }
    reply::bulk(out, text);
}

}  // namespace keyed_router::connection_commands
