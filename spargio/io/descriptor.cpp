#include "spargio/io/descriptor.hpp"

#include <unistd.h>

#include "spargio/ring/closings.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio {

void descriptor::reset(int number) noexcept {
    if (number_ >= 0) {
        // What was begun on it in this turn and is not with the kernel yet would meet whoever has
        // the number by then.
        detail::closings::count(number_);
        if (shard* here = shard::current())
            here->io().before_close(number_);
        // Whatever close(2) answers, the number is free again; retrying could close somebody
        // else's.
        ::close(number_);
    }
    number_ = number;
}

}  // namespace spargio
