#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "spargio/core/assert.hpp"

namespace spargio {

class buffer_pool;

/// Owns bytes that were received into a buffer of a shard's pool; the buffer goes home when the
/// lease ends, wherever that is.
/// Thread: any, one at a time; it may outlive its runtime.
class buffer_lease {
public:
    buffer_lease() = default;
    /// Internal: takes over one hold on buffer `number` of `pool`.
    buffer_lease(buffer_pool& pool, unsigned number, std::span<std::byte> bytes) noexcept
        : pool_(&pool), number_(number), bytes_(bytes) {}
    buffer_lease(buffer_lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          number_(other.number_),
          bytes_(std::exchange(other.bytes_, {})) {}
    buffer_lease& operator=(buffer_lease&& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(number_, other.number_);
        std::swap(bytes_, other.bytes_);
        other.reset();
        return *this;
    }
    ~buffer_lease() { reset(); }

    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::byte* data() const noexcept { return bytes_.data(); }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    /// Of a stream's lease: the peer has finished.
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    /// Leaves the first `count` bytes behind. \pre count <= size()
    void remove_prefix(std::size_t count) noexcept {
        SPARGIO_ASSERT(count <= bytes_.size());
        bytes_ = bytes_.subspan(count);
    }
    /// Leaves all but the first `count` bytes behind. \pre count <= size()
    void truncate(std::size_t count) noexcept {
        SPARGIO_ASSERT(count <= bytes_.size());
        bytes_ = bytes_.first(count);
    }
    /// Sends the buffer home.
    void reset() noexcept;

private:
    buffer_pool* pool_ = nullptr;
    unsigned number_ = 0;
    std::span<std::byte> bytes_;
};

}  // namespace spargio
