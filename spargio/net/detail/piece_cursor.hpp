#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <span>

namespace spargio::detail {

/// What is left of a row of buffers while requests move a part of it each.
template <class Byte>
class piece_cursor {
public:
    explicit piece_cursor(std::span<const std::span<Byte>> pieces) noexcept : rest_(pieces) {
        skip_empty();
    }

    [[nodiscard]] bool done() const noexcept { return rest_.empty(); }
    /// Writes what is left to `vectors`, as far as there is room. \return those in use.
    std::span<::iovec> describe(std::span<::iovec> vectors) const noexcept {
        std::size_t used = 0;
        std::size_t offset = offset_;
        for (const std::span<Byte> piece : rest_) {
            if (used == vectors.size())
                break;
            const auto left = piece.subspan(offset);
            offset = 0;
            // The kernel's structure serves both directions and so knows no const.
            if (!left.empty())
                vectors[used++] = {const_cast<std::byte*>(left.data()), left.size()};
        }
        return vectors.first(used);
    }
    void advance(std::size_t bytes) noexcept {
        while (bytes != 0) {
            const std::size_t step = std::min(bytes, rest_.front().size() - offset_);
            bytes -= step;
            offset_ += step;
            skip_empty();
        }
    }

private:
    void skip_empty() noexcept {
        while (!rest_.empty() && offset_ == rest_.front().size()) {
            rest_ = rest_.subspan(1);
            offset_ = 0;
        }
    }

    std::span<const std::span<Byte>> rest_;
    std::size_t offset_ = 0;  // into the first of them
};

}  // namespace spargio::detail
