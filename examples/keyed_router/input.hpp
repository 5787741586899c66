#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace keyed_router {

/// The bytes of one connection that were received and not used yet, in one piece.
/// Limit: it grows with a request that does not fit, whose size the parser bounds, and shrinks
/// again when that is gone.
class input {
public:
    static constexpr std::size_t usual_size = 16 * 1024;

    [[nodiscard]] auto bytes() -> std::span<char> { return {data_.get() + begin_, end_ - begin_}; }
    /// Where more may be received. Moves what is there: \pre nobody looks at bytes()
    [[nodiscard]] auto room() -> std::span<std::byte> {
        constexpr std::size_t least_room = usual_size / 4;
        const std::size_t held = end_ - begin_;
        if (held == 0 && size_ > usual_size) {
            resize(usual_size);
        } else if (size_ - end_ < least_room) {
            if (size_ - held >= size_ / 2) {
                move_to(data_.get());
            } else {
                resize(size_ * 2);
            }
        }
        return std::as_writable_bytes(std::span(data_.get() + end_, size_ - end_));
    }
    void received(std::size_t count) { end_ += count; }
    void use(std::size_t count) {
        begin_ += count;
        if (begin_ == end_) {
            begin_ = end_ = 0;
        }
    }

private:
    void resize(std::size_t size) {
        auto other = std::make_unique_for_overwrite<char[]>(size);
        move_to(other.get());
        data_ = std::move(other);
        size_ = size;
    }
    void move_to(char* place) {
        std::memmove(place, data_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }

    std::size_t size_ = usual_size;
    std::unique_ptr<char[]> data_ = std::make_unique_for_overwrite<char[]>(usual_size);
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace keyed_router
