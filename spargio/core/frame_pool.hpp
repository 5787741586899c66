#pragma once

#include <algorithm>
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

    /// A free block. One that begins a batch leads to the next one.
    struct block {
        block* next;
        block* next_batch;
    };
    static_assert(sizeof(block) <= step);
    /// Blocks of one class, batch_blocks(class) of them, linked; or none.
    struct batch {
        block* first = nullptr;
    };
    /// Enough that handing one over costs little a block, and few enough to lie about.
    static constexpr std::size_t batch_blocks(std::size_t index) noexcept {
        return class_size(index) <= small_limit ? 32 : 4;
    }
    static constexpr std::size_t batch_bytes(std::size_t index) noexcept {
        return batch_blocks(index) * class_size(index);
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
        auto* const kept = ::new (memory) block;
        kept->next = to.head;
        to.head = kept;
        return true;
    }

    /// Takes a batch out of what is kept; an empty one when there is less than that.
    [[nodiscard]] batch take_batch(std::size_t index) noexcept {
        list& from = lists_[index];
        block* last = from.head;
        for (std::size_t left = batch_blocks(index) - 1; left != 0 && last != nullptr; --left)
            last = last->next;
        if (last == nullptr)
            return {};
        const batch taken{from.head};
        from.head = last->next;
        last->next = nullptr;
        from.room += batch_blocks(index);
        return taken;
    }
    /// Undoes take_batch(). Limit: a walk along the batch.
    void return_batch(std::size_t index, batch returned) noexcept {
        block* last = returned.first;
        while (last->next != nullptr)
            last = last->next;
        last->next = lists_[index].head;
        lists_[index].head = returned.first;
        lists_[index].room -= batch_blocks(index);
    }
    /// Keeps a batch that is not empty, whatever room there is. \pre nothing of the class is kept
    void keep_batch(std::size_t index, batch kept) noexcept {
        list& to = lists_[index];
        to.head = kept.first;
        to.room -= std::min(to.room, batch_blocks(index));
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
