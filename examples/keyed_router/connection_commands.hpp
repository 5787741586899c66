#pragma once

#include <span>
#include <string>
#include <string_view>

#include "command.hpp"

/// The commands that no key is needed for: those of the connection, and the little that clients ask
/// a server about itself before they work with it.
namespace keyed_router::connection_commands {

using arguments = std::span<const std::string_view>;

void ping(arguments args, std::string& out);
void echo(arguments args, std::string& out);
void select(arguments args, std::string& out);
void hello(arguments args, const server_facts& facts, std::string& out);
void client(arguments args, const server_facts& facts, std::string& out);
void command(arguments args, std::string& out);
void config(arguments args, std::string& out);
void info(const server_facts& facts, std::string& out);

}  // namespace keyed_router::connection_commands
