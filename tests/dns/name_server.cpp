#include "name_server.hpp"

#include <algorithm>
#include <utility>

#include "dns_message.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio::dns_test {
namespace {

/// A socket at a port that is free in both protocols; `tcp` gets the same.
udp_socket open_both(const socket_address& at, tcp_listener& tcp) {
    for (;;) {
        if (auto udp = udp_socket::bind(value_or_throw(tcp.local_address())))
            return std::move(*udp);
        tcp = value_or_throw(tcp_listener::bind(at));
    }
}

}  // namespace

name_server::name_server(const socket_address& at)
    : tcp_(value_or_throw(tcp_listener::bind(at))), udp_(open_both(at, tcp_)) {
    value_or_throw(group_.spawn(serve_udp()));
    value_or_throw(group_.spawn(serve_tcp()));
}

socket_address name_server::address() const {
    return value_or_throw(udp_.local_address());
}

unsigned name_server::asked(const std::string& name) const {
    const auto known = counts_.find(name);
    return known == counts_.end() ? 0 : known->second;
}

task<void> name_server::until_asked(unsigned count) {
    while (questions_ < count)
        co_await yield();
}

task<void> name_server::stop() {
    if (std::exchange(stopped_, true))
        co_return;
    group_.request_stop();
    co_await group_.join();
}

task<void> name_server::serve_udp() {
    std::vector<std::byte> buffer(4096);
    for (;;) {
        const auto got = co_await udp_.recv_from(buffer);
        if (!got) {
            if (got.error() == std::errc::operation_canceled)
                co_return;
            continue;  // an earlier answer could not be delivered
        }
        if (auto asked = read(std::span(buffer).first(got->size)))
            value_or_throw(group_.spawn(answer_udp(std::move(*asked), got->info.peer)));
    }
}

task<void> name_server::answer_udp(message asked, socket_address to) {
    const auto known = zone_.find(asked.name);
    event* hold = nullptr;
    if (known != zone_.end())
        hold = asked.type == type_a ? known->second.v4_hold : known->second.v6_hold;
    if (hold != nullptr) {
        if (!co_await hold->wait())
            co_return;
    }
    const auto bytes = answer_to(asked, true);
    if (!bytes.empty())
        (void)co_await udp_.send_to(bytes, to);
}

task<void> name_server::serve_tcp() {
    for (;;) {
        auto stream = co_await tcp_.accept();
        if (!stream)
            co_return;
        value_or_throw(group_.spawn(talk(std::move(*stream))));
    }
}

task<void> name_server::talk(tcp_stream stream) {
    for (;;) {
        std::byte length[2];
        const auto begun = co_await stream.read_exact(length);
        if (!begun)
            co_return;
        std::vector<std::byte> bytes(number_at(length, 0));
        const auto all = co_await stream.read_exact(bytes);
        if (!all)
            co_return;
        const auto asked = read(bytes);
        if (!asked || mood_about(*asked) == mood::hangs_up)
            co_return;
        ++over_tcp_;
        auto answer = answer_to(*asked, false);
        if (answer.empty())
            continue;
        const std::byte size[2] = {std::byte(answer.size() >> 8), std::byte(answer.size() & 0xff)};
        answer.insert(answer.begin(), size, size + 2);
        const auto written = co_await stream.write_all(answer);
        if (!written)
            co_return;
    }
}

std::optional<name_server::message> name_server::read(std::span<const std::byte> bytes) {
    auto question = question_in(bytes);
    if (!question)
        return std::nullopt;
    ++questions_;
    ++counts_[question->name];
    const auto known = zone_.find(question->name);
    if (known != zone_.end() && known->second.silent_times != 0) {
        --known->second.silent_times;
        return std::nullopt;
    }
    return message{{bytes.begin(), bytes.end()}, question->name, question->type, question->end};
}

mood name_server::mood_about(const message& asked) {
    const auto known = zone_.find(asked.name);
    if (known == zone_.end())
        return mood::answers;
    return asked.type == type_a ? known->second.v4 : known->second.v6;
}

std::vector<std::byte> name_server::answer_to(const message& asked, bool over_udp) {
    const auto known = zone_.find(asked.name);
    answer_writer answer(std::span(asked.bytes).first(asked.question_end));
    if (known == zone_.end())
        return answer.finish(rcode_no_such_name);
    const zone_entry& entry = known->second;
    switch (mood_about(asked)) {
    case mood::answers:
        break;
    case mood::fails:
        return answer.finish(rcode_failure);
    case mood::refuses:
        return answer.finish(rcode_refused);
    case mood::has_not_this:
        return answer.finish(rcode_not_implemented);
    case mood::is_silent:
        return {};
    case mood::goes_silent:
        return over_udp ? answer.truncated() : std::vector<std::byte>();
    case mood::truncates:
    case mood::hangs_up:
        if (over_udp)
            return answer.truncated();
        break;
    case mood::takes_wrong_ids:
        answer.change_id();
        answer.add_address(asked.type == type_a ? "10.6.6.6" : "fd00::666");
        return answer.finish(rcode_ok);
    case mood::answers_another:
        answer.change_name();
        answer.add_address(asked.type == type_a ? "10.6.6.6" : "fd00::666");
        return answer.finish(rcode_ok);
    case mood::speaks_nonsense:
        return {std::byte{0xff}, std::byte{0xfe}, std::byte{0x00}};
    case mood::cuts_its_answer: {
        answer.add_address(asked.type == type_a ? "10.6.6.6" : "fd00::666");
        auto bytes = answer.finish(rcode_ok);
        bytes.resize(bytes.size() - 3);
        return bytes;
    }
    case mood::points_in_circles:
        answer.add_alias("other." + asked.name);
        answer.add_alias(asked.name);
        return answer.finish(rcode_ok);
    }
    for (const std::string& alias : entry.aliases)
        answer.add_alias(alias);
    for (const std::string& address : entry.addresses) {
        if ((address.find(':') == std::string::npos) == (asked.type == type_a))
            answer.add_address(address);
    }
    auto bytes = answer.finish(rcode_ok);
    return over_udp && bytes.size() > most_udp_bytes ? answer.truncated() : bytes;
}

}  // namespace spargio::dns_test
