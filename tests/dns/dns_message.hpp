#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spargio::dns_test {

// As much of RFC 1035 as a server of tests needs.

inline constexpr std::uint16_t type_a = 1;
inline constexpr std::uint16_t type_alias = 5;
inline constexpr std::uint16_t type_aaaa = 28;
inline constexpr unsigned rcode_ok = 0;
inline constexpr unsigned rcode_failure = 2;
inline constexpr unsigned rcode_no_such_name = 3;
inline constexpr unsigned rcode_not_implemented = 4;
inline constexpr unsigned rcode_refused = 5;
inline constexpr std::size_t most_udp_bytes = 512;

[[nodiscard]] std::uint16_t number_at(std::span<const std::byte> bytes, std::size_t at);

struct question_text {
    std::string name;  // in lower case, without the last dot
    std::uint16_t type = 0;
    std::size_t end = 0;  // of the question, in the message
};
/// The one question of a message; nothing when it is none.
[[nodiscard]] std::optional<question_text> question_in(std::span<const std::byte> message);

/// Writes the answer to a message.
class answer_writer {
public:
    /// `asked` ends behind the question.
    explicit answer_writer(std::span<const std::byte> asked);

    /// `address` belongs to the name asked for, or the alias added last.
    void add_address(std::string_view address);
    /// The name, or the alias added last, stands for `name`.
    void add_alias(const std::string& name);
    void change_id();
    void change_name();
    [[nodiscard]] std::vector<std::byte> finish(unsigned rcode);
    /// Only that it is too long.
    [[nodiscard]] std::vector<std::byte> truncated() const;

private:
    void add_record(std::uint16_t type, std::span<const std::byte> data);
    void put(std::uint16_t number);

    const std::size_t question_end_;
    std::vector<std::byte> bytes_;
    std::uint16_t owner_ = 0xc00c;  // a pointer to the name in the question
    std::uint16_t records_ = 0;
};

}  // namespace spargio::dns_test
