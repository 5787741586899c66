#include "session.hpp"

#include <utility>

namespace mixed_mode {

using asio::ip::tcp;

session::session(tcp::socket socket, work_client at, session_limits limits,
                 std::function<void()> ended)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      caller_(socket_.get_executor(), at),
      stats_(std::move(at)),
      limits_(limits),
      ended_(std::move(ended)) {}

void session::start() {
    asio::dispatch(socket_.get_executor(), [self = shared_from_this()] { self->read_request(); });
}

void session::drain() {
    asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
        self->draining_ = true;
        if (self->at_ == phase::reading || self->at_ == phase::leaving) {
            self->close();
        }
    });
}

void session::cut_off() {
    asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
        self->close();
        self->caller_.cancel();
    });
}

void session::give_time() {
    timer_.expires_after(limits_.idle);
    timer_.async_wait([self = shared_from_this()](error_code aborted) {
        // One that was expected to be aborted may be on its way already.
        if (aborted || self->timer_.expiry() > asio::steady_timer::clock_type::now() ||
            self->at_ == phase::calling) {
            return;
        }
        if (self->at_ == phase::reading) {
            // The read knows how far it got.
            self->too_slow_ = true;
            error_code ignored;
            self->socket_.cancel(ignored);
        } else {
            self->close();
        }
    });
}

void session::read_request() {
    if (draining_) {
        close();
        return;
    }
    at_ = phase::reading;
    give_time();
    asio::async_read_until(socket_, asio::dynamic_buffer(received_, most_header_bytes), "\r\n\r\n",
                           [self = shared_from_this()](error_code failed, std::size_t size) {
                               if (self->at_ == phase::reading) {
                                   self->on_header(failed, size);
                               }
                           });
}

void session::on_header(error_code failed, std::size_t size) {
    if (failed == asio::error::not_found) {
        keep_alive_ = false;
        respond({.status = 431, .body = "the header is too large\n"});
        return;
    }
    if (failed && too_slow_ && !received_.empty()) {
        keep_alive_ = false;
        respond({.status = 408, .body = "the request took too long\n"});
        return;
    }
    if (failed) {
        close();
        return;
    }
    auto wanted = parse(std::string_view(received_).substr(0, size), limits_.default_deadline);
    received_.erase(0, size);
    if (!wanted) {
        // What follows may be a body, which nobody reads here.
        keep_alive_ = false;
        respond(wanted.error());
        return;
    }
    keep_alive_ = wanted->keep_alive;
    switch (wanted->wanted) {
    case http_request::kind::help:
        respond(help());
        break;
    case http_request::kind::stats:
        respond(to_response(stats_.stats()));
        break;
    case http_request::kind::primes:
        call(*wanted);
        break;
    }
}

void session::call(const http_request& wanted) {
    at_ = phase::calling;
    timer_.cancel();
    caller_.async_call(
        wanted.asked, wanted.deadline,
        [self = shared_from_this(), asked = wanted.asked](const spargio::result<answer>& outcome) {
            if (self->at_ == phase::calling) {
                self->respond(to_response(asked, outcome));
            }
        });
    watch_client();
}

/// A client that is gone needs no answer: the work for it is given up.
void session::watch_client() {
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code aborted) {
        if (aborted || self->at_ != phase::calling) {
            return;
        }
        char next = 0;
        error_code failed;
        self->socket_.non_blocking(true, failed);
        self->socket_.receive(asio::buffer(&next, 1), tcp::socket::message_peek, failed);
        if (failed && failed != asio::error::would_block) {
            self->close();
            self->caller_.cancel();
        }
        // Else it sent its next request early, which is read after this one's answer.
    });
}

void session::respond(const response& what) {
    at_ = phase::responding;
    // Ends the watch.
    error_code ignored;
    socket_.cancel(ignored);
    keep_alive_ = keep_alive_ && !draining_;
    sent_ = to_text(what, keep_alive_);
    give_time();
    asio::async_write(socket_, asio::buffer(sent_),
                      [self = shared_from_this()](error_code failed, std::size_t) {
                          if (self->at_ != phase::responding) {
                              return;
                          }
                          if (failed) {
                              self->close();
                          } else if (!self->keep_alive_) {
                              self->close_gently();
                          } else {
                              self->read_request();
                          }
                      });
}

/// A close on bytes nobody read would be a reset, and the client might never see its answer.
void session::close_gently() {
    constexpr std::size_t most_unread = 64 * 1024;
    at_ = phase::leaving;
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    give_time();
    received_.clear();
    asio::async_read(socket_, asio::dynamic_buffer(received_, most_unread),
                     [self = shared_from_this()](error_code, std::size_t) { self->close(); });
}

void session::close() {
    at_ = phase::closed;
    timer_.cancel();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
}

}  // namespace mixed_mode
