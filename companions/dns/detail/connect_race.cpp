#include "companions/dns/detail/connect_race.hpp"

#include "spargio/core/when_any.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::dns::detail {
namespace {

/// There is no way to the peer from here: that says nothing about the peer.
bool is_about_the_way(std::error_code error) noexcept {
    return error == std::errc::network_unreachable || error == std::errc::host_unreachable ||
           error == std::errc::address_not_available || error == std::errc::network_down ||
           error == std::errc::address_family_not_supported;
}

/// The one that ended first.
result<tcp_stream> first_of_two(std::variant<result<tcp_stream>, result<tcp_stream>> ended) {
    return ended.index() == 0 ? std::get<0>(std::move(ended)) : std::get<1>(std::move(ended));
}

}  // namespace

std::error_code more_telling(std::error_code earlier, std::error_code later) noexcept {
    if (!later)
        return earlier;
    return earlier && is_about_the_way(later) && !is_about_the_way(earlier) ? earlier : later;
}

task<result<tcp_stream>> connect_race::run(std::shared_ptr<resolver_core> core, question asked) {
    auto ended = co_await when_any(look_up(std::move(core), std::move(asked)), from_next());
    co_return first_of_two(std::move(ended));
}

task<result<tcp_stream>> connect_race::look_up(std::shared_ptr<resolver_core> core,
                                               question asked) {
    const auto outcome =
        co_await resolver_core::look_up(std::move(core), std::move(asked), addresses_);
    addresses_.finish(outcome ? std::error_code() : outcome.error());
    co_return co_await until_stopped();
}

task<result<tcp_stream>> connect_race::from_next() {
    const auto address = co_await addresses_.next();
    if (!address)
        co_return failure(address.error());
    attempt own;
    auto ended = co_await when_any(make(*address, own), after(own));
    co_return first_of_two(std::move(ended));
}

task<result<tcp_stream>> connect_race::make(socket_address address, attempt& own) {
    auto stream = co_await connect_(address, options_.policy);
    if (stream || stream.error() == std::errc::operation_canceled)
        co_return stream;
    own.error = stream.error();
    own.failed.set();
    co_return co_await until_stopped();
}

task<result<tcp_stream>> connect_race::after(attempt& before) {
    const auto over = co_await timeout(options_.attempt_delay, before.failed.wait());
    if (!over && over.error() != std::errc::timed_out)
        co_return failure(over.error());
    auto stream = co_await from_next();
    if (stream || stream.error() == std::errc::operation_canceled)
        co_return stream;
    // The attempts after it failed, or there are none: it may still succeed.
    const auto failed = co_await before.failed.wait();
    if (!failed)
        co_return failure(failed.error());
    co_return failure(more_telling(before.error, stream.error()));
}

task<result<tcp_stream>> connect_race::until_stopped() {
    const auto stopped = co_await never_.wait();
    co_return failure(stopped.error());
}

}  // namespace spargio::dns::detail
