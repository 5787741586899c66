#include "companions/dns/detail/system_source.hpp"

#include <cerrno>
#include <cstring>

#include "companions/dns/detail/with_port.hpp"
#include "spargio/runtime/spawn_blocking.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/sync/oneshot.hpp"

namespace spargio::dns::detail {
namespace {

std::error_code error_of_getaddrinfo(int status) noexcept {
    switch (status) {
    case EAI_NONAME:
        return errc::not_found;
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return errc::no_data;
    case EAI_SERVICE:
        return errc::unknown_service;
    case EAI_MEMORY:
        return std::make_error_code(std::errc::not_enough_memory);
    case EAI_SYSTEM:
        return {errno, std::generic_category()};
    default:  // EAI_AGAIN, EAI_FAIL
        return errc::server_failure;
    }
}

}  // namespace

/// Counts a call, and tells who of the two leaves it first: who waits for it, or the call itself.
class system_source::running_call {
public:
    explicit running_call(std::shared_ptr<common> shared) noexcept : shared_(std::move(shared)) {}
    running_call(const running_call&) = delete;
    running_call& operator=(const running_call&) = delete;
    ~running_call() { shared_->calls.fetch_sub(1, std::memory_order_relaxed); }

    /// Counts it, unless there are too many. \pre called once, before it is used
    [[nodiscard]] static bool admit(common& shared) noexcept {
        if (shared.calls.fetch_add(1, std::memory_order_relaxed) < shared.most_queries)
            return true;
        shared.calls.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    [[nodiscard]] const common& shared() const noexcept { return *shared_; }
    /// Nobody waits any more.
    void leave() noexcept {
        shared_->left.fetch_add(1, std::memory_order_relaxed);
        end();
    }
    /// The second to say so takes it off the count of those that are left.
    void end() noexcept {
        if (one_gone_.exchange(true, std::memory_order_acq_rel))
            shared_->left.fetch_sub(1, std::memory_order_relaxed);
    }

private:
    const std::shared_ptr<common> shared_;
    std::atomic<bool> one_gone_ = false;
};

system_source::system_source(const system_options& options, function call)
    : shared_(std::make_shared<common>(options, call)) {}

unsigned system_source::queries() const noexcept {
    return shared_->calls.load(std::memory_order_relaxed);
}

unsigned system_source::left_running() const noexcept {
    return shared_->left.load(std::memory_order_relaxed);
}

task<result<void>> system_source::look_up(question asked, answer_sink& sink) {
    // getaddrinfo() takes C strings and would not see what stands behind a zero byte.
    if (asked.host.empty() || asked.host.find('\0') != std::string::npos)
        co_return failure(errc::invalid_name);
    const int family = asked.family == address_family::any  ? AF_UNSPEC
                       : asked.family == address_family::v4 ? AF_INET
                                                            : AF_INET6;
    auto all = co_await call(std::move(asked.host), {}, family);
    if (!all)
        co_return failure(all.error());
    std::vector<ranked_address> of_family[2];
    for (unsigned number = 0; const socket_address& each : *all)
        of_family[each.family() == families[0] ? 0 : 1].push_back(
            {.address = with_port(each, asked.port), .rank = {.number = number++}});
    for (std::size_t i = 0; i < 2; ++i)
        sink.found(families[i], of_family[i]);
    co_return result<void>{};
}

task<result<std::uint16_t>> system_source::port_of(std::string service) {
    if (service.find('\0') != std::string::npos)
        co_return failure(errc::unknown_service);
    const auto all = co_await call({}, std::move(service), AF_INET);
    if (!all)
        co_return failure(all.error());
    co_return all->front().port();
}

task<result<system_source::addresses>> system_source::call(std::string host, std::string service,
                                                           int family) {
    if (!running_call::admit(*shared_))
        co_return failure(make_error_code(spargio::errc::overloaded));
    const auto running = std::make_shared<running_call>(shared_);
    auto [answer, answered] = oneshot_channel<result<addresses>>();
    auto calling = this_shard::spawn(
        [](std::shared_ptr<running_call> made, std::string of_host, std::string of_service,
           int of_family, oneshot_sender<result<addresses>> to) -> task<void> {
            auto found = co_await spawn_blocking(
                [&] { return call_now(made->shared(), of_host, of_service, of_family); });
            made->end();
            (void)to.send(found ? std::move(*found) : failure(found.error()));
        }(running, std::move(host), std::move(service), family, std::move(answer)),
        {.name = "getaddrinfo"});
    if (!calling)
        co_return failure(calling.error());
    auto got = co_await answered.recv();
    if (got)
        co_return std::move(*got);
    // A call that waits for its turn is withdrawn; one that has begun goes on alone.
    running->leave();
    calling->request_stop();
    co_return failure(got.error());
}

result<system_source::addresses> system_source::call_now(const common& shared,
                                                         const std::string& host,
                                                         const std::string& service, int family) {
    ::addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    ::addrinfo* found = nullptr;
    const int status = shared.call(host.empty() ? nullptr : host.c_str(),
                                   service.empty() ? nullptr : service.c_str(), &hints, &found);
    if (status != 0)
        return failure(error_of_getaddrinfo(status));
    const std::unique_ptr<::addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
    addresses all;
    std::size_t counts[2] = {0, 0};
    for (const ::addrinfo* each = found; each != nullptr; each = each->ai_next) {
        std::size_t& count = counts[each->ai_family == families[0] ? 0 : 1];
        if ((each->ai_family != AF_INET && each->ai_family != AF_INET6) ||
            count == shared.most_addresses)
            continue;
        ::sockaddr_storage native{};
        std::memcpy(&native, each->ai_addr, each->ai_addrlen);
        all.push_back(socket_address::from_native(native, each->ai_addrlen));
        ++count;
    }
    if (all.empty())
        return failure(errc::no_data);
    return all;
}

}  // namespace spargio::dns::detail
