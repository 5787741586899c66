#include "spargio/net/tcp_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "spargio/net/detail/socket_calls.hpp"

namespace spargio {

using detail::option_of;
using detail::option_value;
using detail::set_option;

result<tcp_stream> tcp_stream::from_accepted(result<descriptor> accepted, session_policy policy) {
    if (!accepted)
        return failure(accepted.error());
    const auto home = policy.choose();
    if (!home)
        return failure(home.error());
    return made(std::move(*accepted), *home);
}

result<void> tcp_stream::set_no_delay(bool on) noexcept {
    return set_option(fd(), IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

result<bool> tcp_stream::no_delay() const noexcept {
    const auto on = option_of(fd(), IPPROTO_TCP, TCP_NODELAY);
    if (!on)
        return failure(on.error());
    return *on != 0;
}

result<void> tcp_stream::set_keep_alive(std::optional<keep_alive> settings) noexcept {
    if (settings) {
        const auto seconds = [](std::chrono::seconds time) {
            return option_value(static_cast<std::size_t>(time.count()));
        };
        const std::pair<int, int> times[] = {
            {TCP_KEEPIDLE, seconds(settings->idle)},
            {TCP_KEEPINTVL, seconds(settings->interval)},
            {TCP_KEEPCNT, option_value(settings->questions)},
        };
        for (const auto& [option, value] : times) {
            if (auto set = set_option(fd(), IPPROTO_TCP, option, value); !set)
                return set;
        }
    }
    return set_option(fd(), SOL_SOCKET, SO_KEEPALIVE, settings ? 1 : 0);
}

result<std::optional<keep_alive>> tcp_stream::keep_alive_settings() const noexcept {
    const auto on = option_of(fd(), SOL_SOCKET, SO_KEEPALIVE);
    const auto idle = option_of(fd(), IPPROTO_TCP, TCP_KEEPIDLE);
    const auto interval = option_of(fd(), IPPROTO_TCP, TCP_KEEPINTVL);
    const auto questions = option_of(fd(), IPPROTO_TCP, TCP_KEEPCNT);
    for (const auto* asked : {&on, &idle, &interval, &questions}) {
        if (!*asked)
            return failure(asked->error());
    }
    if (*on == 0)
        return std::optional<keep_alive>();
    return keep_alive{std::chrono::seconds(*idle), std::chrono::seconds(*interval),
                      static_cast<unsigned>(*questions)};
}

result<void> tcp_stream::set_user_timeout(std::chrono::milliseconds patience) noexcept {
    return set_option(fd(), IPPROTO_TCP, TCP_USER_TIMEOUT,
                      option_value(static_cast<std::size_t>(patience.count())));
}

}  // namespace spargio
