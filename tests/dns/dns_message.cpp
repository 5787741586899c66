#include "dns_message.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace spargio::dns_test {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr auto is_answer = std::byte{0x80};
constexpr auto is_truncated = std::byte{0x02};
constexpr auto can_recurse = std::byte{0x80};

std::vector<std::byte> labels_of(const std::string& name) {
    std::vector<std::byte> bytes;
    for (std::size_t at = 0; at < name.size();) {
        const std::size_t end = std::min(name.find('.', at), name.size());
        bytes.push_back(static_cast<std::byte>(end - at));
        for (; at < end; ++at)
            bytes.push_back(static_cast<std::byte>(name[at]));
        ++at;
    }
    bytes.push_back(std::byte{0});
    return bytes;
}

}  // namespace

std::uint16_t number_at(std::span<const std::byte> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[at]) << 8 |
                                      std::to_integer<unsigned>(bytes[at + 1]));
}

std::optional<question_text> question_in(std::span<const std::byte> message) {
    if (message.size() < header_bytes || number_at(message, 4) != 1)
        return std::nullopt;
    question_text question;
    std::size_t at = header_bytes;
    for (;;) {
        if (at >= message.size())
            return std::nullopt;
        const auto length = std::to_integer<std::size_t>(message[at++]);
        if (length == 0)
            break;
        if (length > 63 || at + length > message.size())
            return std::nullopt;
        if (!question.name.empty())
            question.name += '.';
        for (const std::byte b : message.subspan(at, length)) {
            const char c = std::to_integer<char>(b);
            question.name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
        at += length;
    }
    if (at + 4 > message.size())
        return std::nullopt;
    question.type = number_at(message, at);
    question.end = at + 4;
    return question;
}

answer_writer::answer_writer(std::span<const std::byte> asked)
    : question_end_(asked.size()), bytes_(asked.begin(), asked.end()) {
    // What else the message had, EDNS options say, is not answered.
    std::fill(bytes_.begin() + 6, bytes_.begin() + header_bytes, std::byte{0});
}

void answer_writer::put(std::uint16_t number) {
    bytes_.push_back(static_cast<std::byte>(number >> 8));
    bytes_.push_back(static_cast<std::byte>(number & 0xff));
}

void answer_writer::add_record(std::uint16_t type, std::span<const std::byte> data) {
    put(owner_);
    put(type);
    put(1);  // class IN
    put(0);
    put(300);  // time to live
    put(static_cast<std::uint16_t>(data.size()));
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    ++records_;
}

void answer_writer::add_address(std::string_view address) {
    const bool is_v6 = address.find(':') != std::string_view::npos;
    std::array<std::byte, 16> native{};
    ::inet_pton(is_v6 ? AF_INET6 : AF_INET, std::string(address).c_str(), native.data());
    add_record(is_v6 ? type_aaaa : type_a, std::span(native).first(is_v6 ? 16 : 4));
}

void answer_writer::add_alias(const std::string& name) {
    const auto labels = labels_of(name);
    add_record(type_alias, labels);
    owner_ = static_cast<std::uint16_t>(0xc000 | (bytes_.size() - labels.size()));
}

void answer_writer::change_id() {
    bytes_[0] ^= std::byte{0x55};
}

void answer_writer::change_name() {
    bytes_[header_bytes + 1] ^= std::byte{0x01};
}

std::vector<std::byte> answer_writer::finish(unsigned rcode) {
    bytes_[2] = bytes_[2] | is_answer;
    bytes_[3] = can_recurse | static_cast<std::byte>(rcode);
    bytes_[6] = static_cast<std::byte>(records_ >> 8);
    bytes_[7] = static_cast<std::byte>(records_ & 0xff);
    return bytes_;
}

std::vector<std::byte> answer_writer::truncated() const {
    std::vector<std::byte> bytes(bytes_.begin(),
                                 bytes_.begin() + static_cast<std::ptrdiff_t>(question_end_));
    bytes[2] = bytes[2] | is_answer | is_truncated;
    bytes[3] = can_recurse;
    bytes[6] = bytes[7] = std::byte{0};
    return bytes;
}

}  // namespace spargio::dns_test
