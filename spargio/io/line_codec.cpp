#include "spargio/io/line_codec.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace spargio {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

result<decoded<line_codec::frame>> line_codec::decode(std::span<const std::byte> input) noexcept {
    const std::string_view text = text_of(input.first(std::min(input.size(), max_line_)));
    const std::size_t end = text.find('\n', looked_at_);
    if (end == text.npos) {
        if (text.size() == max_line_)
            return failure(make_error_code(errc::line_too_long));
        looked_at_ = text.size();
        return decoded<frame>{};
    }
    looked_at_ = 0;
    const bool carriage_return = end > 0 && text[end - 1] == '\r';
    return decoded<frame>{text.substr(0, carriage_return ? end - 1 : end), end + 1};
}

result<line_codec::frame> line_codec::decode_last(std::span<const std::byte> input) noexcept {
    looked_at_ = 0;
    return text_of(input);
}

result<void> line_codec::encode(item line, std::vector<std::byte>& output) const {
    if (line.size() >= max_line_)
        return failure(make_error_code(errc::line_too_long));
    if (line.find('\n') != line.npos)
        return failure(EINVAL);
    const auto bytes = std::as_bytes(std::span(line));
    output.insert(output.end(), bytes.begin(), bytes.end());
    output.push_back(std::byte{'\n'});
    return {};
}

}  // namespace spargio
