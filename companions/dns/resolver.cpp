#include "companions/dns/resolver.hpp"

#include "companions/dns/detail/dns_source.hpp"
#include "companions/dns/detail/resolver_core.hpp"
#include "companions/dns/detail/system_source.hpp"

namespace spargio::dns {
namespace {

/// Both families' addresses.
class collected final : public detail::answer_sink {
public:
    void found(int family, std::span<const detail::ranked_address> addresses) override {
        all_.insert(family == detail::families[0] ? all_.begin() : all_.end(), addresses.begin(),
                    addresses.end());
    }
    /// In their order.
    [[nodiscard]] std::vector<socket_address> all() {
        detail::put_in_order(all_);
        std::vector<socket_address> addresses;
        addresses.reserve(all_.size());
        for (const detail::ranked_address& each : all_)
            addresses.push_back(each.address);
        return addresses;
    }

private:
    std::vector<detail::ranked_address> all_;
};

task<result<std::vector<socket_address>>> collect(std::shared_ptr<detail::resolver_core> core,
                                                  detail::question asked) {
    collected addresses;
    const auto outcome =
        co_await detail::resolver_core::look_up(std::move(core), std::move(asked), addresses);
    if (!outcome)
        co_return failure(outcome.error());
    co_return addresses.all();
}

}  // namespace

result<resolver> resolver::open(const resolver_options& options) {
    auto settings = detail::channel_settings::from(options);
    if (!settings)
        return failure(settings.error());
    return resolver(std::make_shared<detail::resolver_core>(
        std::make_unique<detail::dns_source>(options, std::move(*settings))));
}

result<resolver> resolver::open_system(const system_options& options) {
    if (options.most_queries < 1 || options.most_queries > 65'536 || options.most_addresses < 1 ||
        options.most_addresses > 1'024)
        return failure(make_error_code(spargio::errc::invalid_option));
    return resolver(
        std::make_shared<detail::resolver_core>(std::make_unique<detail::system_source>(options)));
}

resolver::resolver(std::shared_ptr<detail::resolver_core> core) noexcept : core_(std::move(core)) {}
resolver::resolver(resolver&&) noexcept = default;

resolver& resolver::operator=(resolver&& other) noexcept {
    resolver taken(std::move(other));
    std::swap(core_, taken.core_);
    return *this;
}

resolver::~resolver() {
    if (core_ != nullptr)
        core_->close();
}

task<result<std::vector<socket_address>>> resolver::resolve(std::string host, std::uint16_t port,
                                                            address_family family) {
    return collect(core_, {std::move(host), std::nullopt, port, family});
}

task<result<std::vector<socket_address>>> resolver::resolve(std::string host, std::string service,
                                                            address_family family) {
    return collect(core_, {std::move(host), std::move(service), 0, family});
}

unsigned resolver::queries() const noexcept {
    return core_->source().queries();
}

unsigned resolver::left_running() const noexcept {
    return core_->source().left_running();
}

}  // namespace spargio::dns
