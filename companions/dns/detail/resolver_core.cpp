#include "companions/dns/detail/resolver_core.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "spargio/core/when_any.hpp"

namespace spargio::dns::detail {
namespace {

std::optional<std::uint16_t> number_in(std::string_view text) noexcept {
    std::uint16_t number = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || at != text.data() + text.size())
        return std::nullopt;
    return number;
}

/// Names of services have a letter in them (RFC 6335 5.1); what has none is a mistyped number,
/// which getaddrinfo(3) would take for another one.
bool is_service_name(std::string_view text) noexcept {
    return std::ranges::any_of(
        text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

/// Hands a literal address on. \return whether it is one
bool take_literal(const question& asked, answer_sink& sink, result<void>& outcome) {
    const auto literal = socket_address::parse(asked.host, asked.port);
    if (!literal)
        return false;
    if (asked.wants(literal->family())) {
        const ranked_address only{.address = *literal, .rank = {}};
        sink.found(literal->family(), std::span(&only, 1));
    } else {
        outcome = failure(errc::no_data);
    }
    return true;
}

}  // namespace

task<result<void>> resolver_core::look_up(std::shared_ptr<resolver_core> self, question asked,
                                          answer_sink& sink) {
    if (asked.service) {
        if (const auto number = number_in(*asked.service)) {
            asked.port = *number;
            asked.service.reset();
        } else if (!is_service_name(*asked.service)) {
            co_return failure(errc::unknown_service);
        }
    }
    result<void> outcome;
    if (!asked.service && take_literal(asked, sink, outcome))
        co_return outcome;
    const auto first =
        co_await when_any(self->find(std::move(asked), sink), until_closed(self->closing_));
    co_return std::visit([](const result<void>& ended) { return ended; }, first);
}

task<result<void>> resolver_core::until_closed(cancellation_token closing) {
    const auto told = co_await closing.cancelled();
    if (!told)
        co_return failure(told.error());
    co_return failure(make_error_code(spargio::errc::closed));
}

task<result<void>> resolver_core::find(question asked, answer_sink& sink) {
    if (asked.service) {
        const auto port = co_await source_->port_of(*asked.service);
        if (!port)
            co_return failure(port.error());
        asked.port = *port;
        result<void> outcome;
        if (take_literal(asked, sink, outcome))
            co_return outcome;
    }
    co_return co_await source_->look_up(std::move(asked), sink);
}

}  // namespace spargio::dns::detail
