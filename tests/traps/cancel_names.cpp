// Finding out a name and connecting to it, cancelled.

#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <optional>
#include <thread>

#include "cancel_case.hpp"
#include "companions/dns/connect.hpp"
#include "spargio/net/tcp_listener.hpp"

namespace spargio::trap_test {
namespace {

/// A name server whose questions wait in its socket until a thread answers them: every name is
/// 127.0.0.1.
class late_name_server {
public:
    late_name_server() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const auto any_port = socket_address::loopback_v4(0);
        EXPECT_EQ(::bind(socket_.get(), any_port.data(), any_port.size()), 0);
    }
    ~late_name_server() {
        if (!answering_.joinable())
            return;
        const own_descriptor last(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const auto here = address();
        EXPECT_EQ(::sendto(last.get(), "", 0, 0, here.data(), here.size()), 0);
        answering_.join();
    }
    void begin() {
        answering_ = std::thread([this] { answer(); });
    }
    [[nodiscard]] socket_address address() const {
        ::sockaddr_storage native{};
        ::socklen_t size = sizeof native;
        EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<::sockaddr*>(&native), &size), 0);
        return socket_address::from_native(native, size);
    }

private:
    /// Until an empty message comes.
    void answer() const {
        for (;;) {
            unsigned char message[600];
            ::sockaddr_storage from{};
            ::socklen_t size = sizeof from;
            auto* const to = reinterpret_cast<::sockaddr*>(&from);
            const auto count = ::recvfrom(socket_.get(), message, 512, 0, to, &size);
            if (count <= 0)
                return;
            message[2] |= 0x80;  // an answer
            message[7] = 1;      // with one record: the question's name, A, IN, 0 s, 4 bytes
            const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1};
            std::copy(std::begin(record), std::end(record), message + count);
            // Who asked may have left.
            (void)::sendto(socket_.get(), message, static_cast<std::size_t>(count) + sizeof record,
                           0, to, size);
        }
    }

    own_descriptor socket_;
    std::thread answering_;
};

class name_subject : public cancel_subject {
protected:
    explicit name_subject(std::string hosts_file = "")
        : names_(
              value_or_throw(dns::resolver::open({.servers = {server_.address()},
                                                  .resolv_conf = "/dev/null",
                                                  .hosts_file = std::move(hosts_file),
                                                  .search = std::vector<std::string>(),
                                                  .timeout = std::chrono::milliseconds(60'000)}))) {
    }
    void let_end() override { server_.begin(); }
    void expect_idle() const { EXPECT_EQ(names_.queries(), 0u); }

    late_name_server server_;
    dns::resolver names_;
};

class resolving : public name_subject {
public:
    using name_subject::name_subject;

private:
    task<result<void>> run() override {
        auto found = co_await names_.resolve("a.test", 80, dns::address_family::v4);
        if (!found)
            co_return failure(found.error());
        found_ = std::move(*found);
        co_return result<void>{};
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(found_.size(), cancelled ? 0u : 1u);
        expect_idle();
        co_return;
    }

    std::vector<socket_address> found_;
};

class looking_into_hosts final : public resolving {
public:
    looking_into_hosts() : resolving(hosts_file()) {}
    ~looking_into_hosts() { std::filesystem::remove(hosts_file()); }

private:
    static std::string hosts_file() {
        const std::string path = "cancel-names-" + std::to_string(::getpid());
        std::ofstream(path) << "127.0.0.1 a.test\n";
        return path;
    }
    void let_end() override {}
};

class connecting_by_name final : public name_subject {
    task<result<void>> run() override {
        const auto port = value_or_throw(listener_.local_address()).port();
        auto stream =
            co_await dns::connect(names_, "a.test", port, {.family = dns::address_family::v4});
        if (!stream)
            co_return failure(stream.error());
        stream_ = std::move(*stream);
        co_return result<void>{};
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(stream_.has_value(), !cancelled);
        expect_idle();
        co_return;
    }

    tcp_listener listener_ = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
    std::optional<tcp_stream> stream_;
};

}  // namespace

const std::vector<cancel_case>& name_cases() {
    static const std::vector<cancel_case> cases = {
        {"resolve", made<resolving>, made<resolving>},
        {"resolve_from_hosts", made<looking_into_hosts>},
        {"connect_by_name", made<connecting_by_name>, made<connecting_by_name>},
    };
    return cases;
}

}  // namespace spargio::trap_test
