#include "spargio/io/descriptor.hpp"

#include <unistd.h>

#include "spargio/shard/shard.hpp"

namespace spargio {

void descriptor::reset(int number) noexcept {
    if (number_ >= 0) {
        // What was begun on it in this turn and is not with the kernel yet would meet whoever has
        // the number by then.
        if (shard* here = shard::current())
            here->io().submit_now();
        // Whatever close(2) answers, the number is free again; retrying could close somebody
        // else's.
        ::close(number_);
    }
    number_ = number;
}

}  // namespace spargio
