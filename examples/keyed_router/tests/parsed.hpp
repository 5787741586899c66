#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "request_parser.hpp"

namespace keyed_router::test {

/// What came of some bytes: the requests, and the fault that ended them, if one did.
struct parsed {
    std::vector<std::vector<std::string>> requests;
    std::string error;
    std::size_t used = 0;  // bytes of complete requests

    friend auto operator==(const parsed&, const parsed&) -> bool = default;
};

/// Feeds bytes as a connection does: pieces are added behind what is not used yet, and every
/// complete request is taken.
class feeder {
public:
    explicit feeder(const request_limits& limits) : parser_(limits) {}

    void feed(std::string_view piece) {
        bytes_ += piece;
        while (seen_.error.empty()) {
            switch (parser_.parse(std::span(bytes_).subspan(begin_))) {
            case request_parser::state::incomplete:
                return;
            case request_parser::state::malformed:
                seen_.error = parser_.error();
                return;
            case request_parser::state::complete:
                take();
                break;
            }
        }
    }
    [[nodiscard]] auto seen() const -> const parsed& { return seen_; }

private:
    void take() {
        auto& request = seen_.requests.emplace_back();
        for (const auto& [offset, size] : parser_.args()) {
            request.push_back(bytes_.substr(begin_ + offset, size));
        }
        begin_ += parser_.size();
        seen_.used = begin_;
        parser_.next();
    }

    request_parser parser_;
    std::string bytes_;
    std::size_t begin_ = 0;
    parsed seen_;
};

inline auto parse_whole(std::string_view bytes, const request_limits& limits = {}) -> parsed {
    feeder fed(limits);
    fed.feed(bytes);
    return fed.seen();
}

}  // namespace keyed_router::test
