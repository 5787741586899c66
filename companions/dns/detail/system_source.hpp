#pragma once

#include <netdb.h>

#include <atomic>
#include <memory>

#include "companions/dns/detail/question.hpp"

namespace spargio::dns::detail {

/// getaddrinfo(3) on the runtime's blocking pool.
///
/// A call is made by a task of its own, which nobody can end; who waits for it takes its answer
/// from a channel, and may leave.
/// Thread: any shard, any number at once. It may end while calls go on.
/// Limit: `most_queries` calls, those that nobody waits for any more among them; past it
/// errc::overloaded.
class system_source final : public name_source {
public:
    using function = int (*)(const char* host, const char* service, const ::addrinfo* hints,
                             ::addrinfo** found);

    explicit system_source(const system_options& options, function call = &::getaddrinfo);

    task<result<void>> look_up(question asked, answer_sink& sink) override;
    task<result<std::uint16_t>> port_of(std::string service) override;
    [[nodiscard]] unsigned queries() const noexcept override;
    [[nodiscard]] unsigned left_running() const noexcept override;

private:
    using addresses = std::vector<socket_address>;

    /// What the calls of a source share.
    struct common {
        common(const system_options& options, function to_call) noexcept
            : most_queries(options.most_queries),
              most_addresses(options.most_addresses),
              call(to_call) {}

        const unsigned most_queries;
        const unsigned most_addresses;
        const function call;
        std::atomic<unsigned> calls = 0;
        std::atomic<unsigned> left = 0;
    };
    class running_call;

    [[nodiscard]] task<result<addresses>> call(std::string host, std::string service, int family);
    /// The call itself, which blocks.
    [[nodiscard]] static result<addresses> call_now(const common& shared, const std::string& host,
                                                    const std::string& service, int family);

    const std::shared_ptr<common> shared_;
};

}  // namespace spargio::dns::detail
