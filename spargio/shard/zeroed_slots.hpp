#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

namespace spargio::detail {

/// An array of slots in pages of zeros, which cost nothing before they are first used; it begins a
/// cache line. Not from mmap(2): unmapping interrupts every CPU that ran this process, the C
/// library keeps what it is given.
template <class Slot>
class zeroed_slots {
public:
    explicit zeroed_slots(std::size_t count) noexcept
        : memory_(std::calloc(count * sizeof(Slot) + line, 1)) {
        static_assert(std::is_trivially_destructible_v<Slot> && alignof(Slot) <= line);
        const auto address = reinterpret_cast<std::uintptr_t>(memory_);
        first_ = reinterpret_cast<Slot*>((address + line - 1) & ~std::uintptr_t{line - 1});
    }
    zeroed_slots(const zeroed_slots&) = delete;
    zeroed_slots& operator=(const zeroed_slots&) = delete;
    ~zeroed_slots() { std::free(memory_); }

    /// False: there was no memory.
    [[nodiscard]] bool valid() const noexcept { return memory_ != nullptr; }
    [[nodiscard]] Slot* data() const noexcept { return first_; }
    [[nodiscard]] Slot& operator[](std::size_t index) const noexcept { return first_[index]; }

private:
    static constexpr std::size_t line = 64;
    void* const memory_;
    Slot* first_;
};

}  // namespace spargio::detail
