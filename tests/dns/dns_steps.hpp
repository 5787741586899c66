#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "companions/dns/resolver.hpp"
#include "name_server.hpp"
#include "spargio/runtime/run.hpp"

namespace spargio::dns_test {

using dns::address_family;

/// Asks this server alone, knows no files, has patience enough for slow machines, and does not care
/// for their routes.
inline dns::resolver_options asking(const socket_address& server) {
    return {.servers = {server},
            .resolv_conf = "/dev/null",
            .hosts_file = "",
            .services_file = "",
            .search = std::vector<std::string>(),
            .timeout = std::chrono::milliseconds(20'000),
            .tries = 1,
            .sort_addresses = false};
}

/// The same, where waiting in vain is what is tested.
inline dns::resolver_options impatient(const socket_address& server, unsigned tries = 1) {
    auto options = asking(server);
    options.timeout = std::chrono::milliseconds(20);
    options.tries = tries;
    return options;
}

inline dns::resolver opened(const dns::resolver_options& options) {
    return value_or_throw(dns::resolver::open(options));
}

/// Runs `scenario(server)` on shard 0 of 2, beside a name server.
template <class Scenario>
void with_server(Scenario scenario) {
    run_with(runtime_builder().shards(2).ring_entries(16), [=]() -> task<void> {
        name_server server;
        co_await scenario(server);
        co_await server.stop();
    });
}

/// "[::1]:80 127.0.0.1:80", or the error.
inline std::string text_of(const result<std::vector<socket_address>>& found) {
    if (!found)
        return found.error().message();
    std::string text;
    for (const socket_address& each : *found)
        text += (text.empty() ? "" : " ") + to_string(each);
    return text;
}

/// A file of the test's own, which ends with this.
class scratch_file {
public:
    explicit scratch_file(const std::string& text) {
        std::string name = (std::filesystem::current_path() / "dns-test-XXXXXX").string();
        ::close(::mkstemp(name.data()));
        path_ = name;
        write(text);
    }
    scratch_file(const scratch_file&) = delete;
    scratch_file& operator=(const scratch_file&) = delete;
    ~scratch_file() { std::filesystem::remove(path_); }
    void write(const std::string& text) const { std::ofstream(path_) << text; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace spargio::dns_test
