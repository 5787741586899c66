#include "front_end.hpp"

#include <thread>
#include <utility>
#include <vector>

namespace mixed_mode {

using asio::ip::tcp;

namespace {
constexpr std::chrono::milliseconds pause_after_failure{100};
}

front_end::front_end(work_client at, front_limits limits, session_limits of_sessions)
    : client_(std::move(at)), limits_(limits), of_sessions_(of_sessions) {}

auto front_end::listen(const tcp::endpoint& address) -> error_code {
    error_code failed;
    acceptor_.open(address.protocol(), failed);
    if (!failed) {
        acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
    }
    if (!failed) {
        acceptor_.bind(address, failed);
    }
    if (!failed) {
        acceptor_.listen(tcp::acceptor::max_listen_connections, failed);
    }
    return failed;
}

auto front_end::address() const -> tcp::endpoint {
    error_code ignored;
    return acceptor_.local_endpoint(ignored);
}

void front_end::run(const std::function<void(std::size_t)>& stopping) {
    stopping_ = stopping;
    signals_.async_wait([this](error_code aborted, int) {
        if (!aborted) {
            stop();
        }
    });
    asio::post(own_, [this] { accept(); });
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < limits_.threads; ++i) {
        others.emplace_back([this] { io_.run(); });
    }
    io_.run();
}

void front_end::accept() {
    if (stopped_ || accepting_) {
        return;
    }
    {
        const std::lock_guard held(mutex_);
        if (sessions_.size() >= limits_.max_connections) {
            return;
        }
    }
    accepting_ = true;
    const asio::any_io_executor of_its_own = asio::make_strand(io_);
    acceptor_.async_accept(of_its_own, [this](error_code failed, tcp::socket client) {
        accepting_ = false;
        if (!failed) {
            adopt(std::move(client));
            accept();
        } else if (!stopped_) {
            // No descriptors, mostly: it would fail again at once.
            timer_.expires_after(pause_after_failure);
            timer_.async_wait([this](error_code aborted) {
                if (!aborted) {
                    accept();
                }
            });
        }
    });
}

void front_end::adopt(tcp::socket client) {
    error_code ignored;
    client.set_option(tcp::no_delay(true), ignored);
    std::list<std::weak_ptr<session>>::iterator place;
    {
        const std::lock_guard held(mutex_);
        place = sessions_.emplace(sessions_.end());
    }
    auto made = std::make_shared<session>(std::move(client), client_, of_sessions_,
                                          [this, place] { forget(place); });
    {
        const std::lock_guard held(mutex_);
        *place = made;
    }
    made->start();
}

void front_end::forget(std::list<std::weak_ptr<session>>::iterator gone) {
    {
        const std::lock_guard held(mutex_);
        sessions_.erase(gone);
    }
    asio::post(own_, [this] {
        accept();
        look_whether_all_left();
    });
}

/// After stop(), run() has only these two left to wait for.
void front_end::look_whether_all_left() {
    const std::lock_guard held(mutex_);
    if (stopped_ && sessions_.empty()) {
        timer_.cancel();
        signals_.cancel();
    }
}

void front_end::for_each_session(void (session::*what)()) {
    std::vector<std::shared_ptr<session>> alive;
    {
        const std::lock_guard held(mutex_);
        for (const auto& each : sessions_) {
            if (auto kept = each.lock()) {
                alive.push_back(std::move(kept));
            }
        }
    }
    for (const auto& each : alive) {
        ((*each).*what)();
    }
}

void front_end::stop() {
    stopped_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    {
        const std::lock_guard held(mutex_);
        stopping_(sessions_.size());
    }
    for_each_session(&session::drain);
    auto cut_off = [this](error_code aborted) {
        if (!aborted) {
            for_each_session(&session::cut_off);
        }
    };
    timer_.expires_after(limits_.drain);
    timer_.async_wait(cut_off);
    signals_.async_wait([cut_off](error_code aborted, int) { cut_off(aborted); });
    look_whether_all_left();
}

}  // namespace mixed_mode
