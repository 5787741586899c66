#pragma once

#include <atomic>
#include <cstdint>

namespace spargio::detail {

/// A number one thread at a time counts up and any thread may read: no locked instruction.
template <class Integer = std::uint64_t>
class counter {
public:
    void add(Integer amount) noexcept {
        value_.store(static_cast<Integer>(value_.load(std::memory_order_relaxed) + amount),
                     std::memory_order_relaxed);
    }
    counter& operator++() noexcept {
        add(1);
        return *this;
    }
    void set(Integer value) noexcept { value_.store(value, std::memory_order_relaxed); }
    [[nodiscard]] Integer get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<Integer> value_ = 0;
};

}  // namespace spargio::detail
