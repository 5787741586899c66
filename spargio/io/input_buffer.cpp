#include "spargio/io/input_buffer.hpp"

#include <algorithm>

namespace spargio::detail {

std::span<std::byte> input_buffer::room(std::size_t total) {
    SPARGIO_ASSERT(total > size());
    if (total > capacity_) {
        auto larger = std::make_unique_for_overwrite<std::byte[]>(total);
        std::ranges::copy(bytes(), larger.get());
        storage_ = std::move(larger);
        capacity_ = total;
        end_ = size();
        begin_ = 0;
    } else if (begin_ == end_ || capacity_ - begin_ < total) {
        std::ranges::copy(bytes(), storage_.get());
        end_ = size();
        begin_ = 0;
    }
    return {storage_.get() + end_, capacity_ - end_};
}

}  // namespace spargio::detail
