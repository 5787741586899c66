#include "spargio/io/descriptor.hpp"

#include <unistd.h>

namespace spargio {

void descriptor::reset(int number) noexcept {
    // Whatever close(2) answers, the number is free again; retrying could close somebody else's.
    if (number_ >= 0)
        ::close(number_);
    number_ = number;
}

}  // namespace spargio
