#pragma once

#include <bit>
#include <cstddef>
#include <new>

namespace spargio::detail {

/// One thread's free blocks, a list for each size class: steps of 64 B up to 1 KiB, then 2, 4, 8
/// and 16 KiB.
/// Limit: what open() allows a class; until then, and after close(), it keeps nothing.
/// Thread: its own.
class frame_pool {
public:
    static constexpr std::size_t step = 64;
    static constexpr std::size_t small_limit = 1024;
    static constexpr std::size_t small_classes = small_limit / step;
    static constexpr std::size_t large_classes = 4;
    static constexpr std::size_t class_count = small_classes + large_classes;
    static constexpr std::size_t largest = small_limit << large_classes;

    static constexpr std::size_t class_of(std::size_t bytes) noexcept {
        if (bytes <= small_limit)
            return (bytes + step - 1) / step - 1;
        return small_classes + static_cast<std::size_t>(std::bit_width((bytes - 1) / small_limit)) -
               1;
    }

    static constexpr std::size_t class_size(std::size_t index) noexcept {
        return index < small_classes ? (index + 1) * step
                                     : small_limit << (index - small_classes + 1);
    }

    /// A kept block of that class, or null. \pre bytes <= largest
    [[nodiscard]] void* take(std::size_t bytes) noexcept {
        list& from = lists_[class_of(bytes)];
        block* taken = from.head;
        if (taken != nullptr) [[likely]] {
            from.head = taken->next;
            ++from.room;
        }
        return taken;
    }

    /// Keeps `memory`, of that class's size; false when there is no room. \pre bytes <= largest
    [[nodiscard]] bool keep(void* memory, std::size_t bytes) noexcept {
        list& to = lists_[class_of(bytes)];
        if (to.room == 0) [[unlikely]]
            return false;
        --to.room;
        to.head = ::new (memory) block{to.head};
        return true;
    }

    void open(std::size_t bytes_per_class) noexcept {
        for (std::size_t index = 0; index != class_count; ++index)
            lists_[index].room = bytes_per_class / class_size(index);
    }

    void close() noexcept {
        for (list& each : lists_) {
            while (each.head != nullptr) {
                block* freed = each.head;
                each.head = freed->next;
                ::operator delete(freed);
            }
            each.room = 0;
        }
    }

private:
    struct block {
        block* next;
    };
    struct list {
        block* head = nullptr;
        std::size_t room = 0;  // how many more it may keep
    };

    list lists_[class_count];
};

static_assert(frame_pool::class_of(1) == 0 && frame_pool::class_size(0) == 64);
static_assert(frame_pool::class_size(frame_pool::class_of(1024)) == 1024);
static_assert(frame_pool::class_size(frame_pool::class_of(1025)) == 2048);
static_assert(frame_pool::class_of(frame_pool::largest) == frame_pool::class_count - 1);
static_assert(frame_pool::class_size(frame_pool::class_count - 1) == frame_pool::largest);

}  // namespace spargio::detail
