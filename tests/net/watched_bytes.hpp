#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace spargio::net_test {

/// Bytes that are counted in `alive` until they are freed, which whoever services a shard may do.
class watched_bytes {
public:
    watched_bytes(std::vector<std::byte> bytes, std::atomic<int>& alive)
        : bytes_(std::move(bytes)), alive_(&alive, [](std::atomic<int>* count) { --*count; }) {
        ++alive;
    }
    [[nodiscard]] const std::byte* data() const { return bytes_.data(); }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] const std::byte* begin() const { return data(); }
    [[nodiscard]] const std::byte* end() const { return data() + size(); }

private:
    std::vector<std::byte> bytes_;
    std::shared_ptr<std::atomic<int>> alive_;
};

}  // namespace spargio::net_test
