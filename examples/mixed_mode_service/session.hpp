#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "boundary_caller.hpp"
#include "http.hpp"

namespace mixed_mode {

struct session_limits {
    std::chrono::milliseconds default_deadline{2'000};
    std::chrono::milliseconds idle{10'000};  // to send a request, or to take a response
};

/// One client: request after request, each answered before the next is read.
/// Thread: its executor's, a strand. It lives as long as it has something to wait for.
/// Limit: a header of `most_header_bytes`; past it the answer is 431 and the connection ends. A
/// client has `idle` for a request, and to take a response.
class session : public std::enable_shared_from_this<session> {
public:
    session(asio::ip::tcp::socket socket, work_client at, session_limits limits,
            std::function<void()> ended);
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session() { ended_(); }

    void start();
    /// Ends it after the response that is due, at once if none is. Thread: any.
    void drain();
    /// Ends it whatever it does. Thread: any.
    void cut_off();

private:
    using error_code = boost::system::error_code;

    void read_request();
    void on_header(error_code failed, std::size_t size);
    void call(const http_request& wanted);
    void watch_client();
    void respond(const response& what);
    void close_gently();
    void close();
    /// The time a client has for the step that begins now.
    void give_time();

    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;
    boundary_caller<question, answer> caller_;
    const work_client stats_;
    const session_limits limits_;
    const std::function<void()> ended_;
    std::string received_;
    std::string sent_;
    enum class phase : std::uint8_t {
        reading,
        calling,
        responding,
        leaving,  // nothing is said any more, only heard
        closed,
    } at_ = phase::reading;
    bool too_slow_ = false;
    bool keep_alive_ = true;
    bool draining_ = false;
};

}  // namespace mixed_mode
