#pragma once

#include <utility>

namespace spargio {

/// Owns one file descriptor.
/// Thread: any, one at a time.
class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) noexcept : number_(number) {}
    descriptor(descriptor&& other) noexcept : number_(other.release()) {}
    descriptor& operator=(descriptor&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~descriptor() { reset(); }

    /// -1 when there is none.
    [[nodiscard]] int get() const noexcept { return number_; }
    [[nodiscard]] explicit operator bool() const noexcept { return number_ >= 0; }
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
    /// Closes what is owned, and owns `number` instead.
    void reset(int number = -1) noexcept;

private:
    int number_ = -1;
};

}  // namespace spargio
