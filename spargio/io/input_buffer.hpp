#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "spargio/core/assert.hpp"

namespace spargio::detail {

/// Bytes that were read and not yet used: they are taken from the front and come in at the back.
/// Memory: none until bytes are to come in, then what was asked for.
class input_buffer {
public:
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return {storage_.get() + begin_, end_ - begin_};
    }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }

    /// Room behind the bytes, such that they and the room are `total` at least. What bytes()
    /// answered before is invalid then. \pre total > size()
    [[nodiscard]] std::span<std::byte> room(std::size_t total);
    /// `count` bytes came into the room.
    void came(std::size_t count) noexcept {
        SPARGIO_ASSERT(count <= capacity_ - end_);
        end_ += count;
    }
    /// Drops the first `count` bytes; they stay where they are until the next call of room().
    void drop(std::size_t count) noexcept {
        SPARGIO_ASSERT(count <= size());
        begin_ += count;
    }

private:
    std::unique_ptr<std::byte[]> storage_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace spargio::detail
