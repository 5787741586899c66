#include "companions/dns/connect.hpp"

#include "companions/dns/detail/connect_race.hpp"

namespace spargio::dns {
namespace {

task<result<tcp_stream>> race(std::shared_ptr<detail::resolver_core> core, detail::question asked,
                              connect_options options) {
    using std::chrono::milliseconds;
    constexpr milliseconds longest_delay{2'000};
    if (options.attempt_delay < milliseconds(10) || options.attempt_delay > longest_delay ||
        options.resolution_delay < milliseconds(0) || options.resolution_delay > longest_delay)
        co_return failure(make_error_code(spargio::errc::invalid_option));
    detail::connect_race attempts(options, &tcp_stream::connect);
    co_return co_await attempts.run(std::move(core), std::move(asked));
}

}  // namespace

task<result<tcp_stream>> connect(const resolver& names, std::string host, std::uint16_t port,
                                 connect_options options) {
    return race(names.core(), {std::move(host), std::nullopt, port, options.family}, options);
}

task<result<tcp_stream>> connect(const resolver& names, std::string host, std::string service,
                                 connect_options options) {
    return race(names.core(), {std::move(host), std::move(service), 0, options.family}, options);
}

}  // namespace spargio::dns
