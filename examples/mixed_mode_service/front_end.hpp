#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "session.hpp"

namespace mixed_mode {

struct front_limits {
    unsigned threads = 1;
    unsigned max_connections = 1024;
    std::chrono::milliseconds drain{5'000};
};

/// The Asio side: accepts clients, gives each a session on a strand of its own, and ends them all
/// after a signal.
/// Thread: `threads` of them in run(). Limit: `max_connections`; more wait in the backlog.
class front_end {
public:
    front_end(work_client at, front_limits limits, session_limits of_sessions);

    /// \return why it cannot listen; none: it does.
    auto listen(const asio::ip::tcp::endpoint& address) -> boost::system::error_code;
    [[nodiscard]] auto address() const -> asio::ip::tcp::endpoint;
    /// Serves until SIGINT or SIGTERM, then lets clients that wait have their answers, for as long
    /// as `drain`, or until the next signal. `stopping` is told how many those are.
    void run(const std::function<void(std::size_t)>& stopping);

private:
    using error_code = boost::system::error_code;

    void accept();
    void adopt(asio::ip::tcp::socket client);
    void forget(std::list<std::weak_ptr<session>>::iterator gone);
    void stop();
    void look_whether_all_left();
    void for_each_session(void (session::*what)());

    const work_client client_;
    const front_limits limits_;
    const session_limits of_sessions_;
    // First, so that it ends last: sessions let go of their place here.
    std::mutex mutex_;
    std::list<std::weak_ptr<session>> sessions_;
    std::function<void(std::size_t)> stopping_;

    asio::io_context io_;
    asio::strand<asio::io_context::executor_type> own_ = asio::make_strand(io_);
    asio::ip::tcp::acceptor acceptor_{own_};
    asio::steady_timer timer_{own_};
    asio::signal_set signals_{own_, SIGINT, SIGTERM};
    bool accepting_ = false;  // the next two: on `own_` only
    bool stopped_ = false;
};

}  // namespace mixed_mode
