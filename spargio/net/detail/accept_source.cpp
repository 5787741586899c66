#include <cerrno>

#include "spargio/core/error.hpp"
#include "spargio/net/detail/accept_source.hpp"

namespace spargio::detail {

result<descriptor> accept_source::take() noexcept {
    const guard held(*this);
    if (!kept_.empty())
        return kept_.pop();
    if (const int error = take_error(); error != 0)
        return failure(error);
    SPARGIO_ASSERT(finished());
    return failure(make_error_code(errc::end_of_stream));
}

void accept_source::drop_kept() noexcept {
    while (!kept_.empty())
        (void)kept_.pop();
}

void accept_source::keep(const arrival& what) noexcept {
    if (what.outcome >= 0) {
        if (!kept_.push(descriptor(what.outcome)))
            fail(ENOMEM);
    } else if (what.outcome == -EINVAL && !once_) {
        // A socket that does not listen says the same, and will say it again.
        once_ = true;
    } else if (what.outcome != -ECANCELED && what.outcome != -EINTR) {
        fail(-what.outcome);
    }
}

multishot_operation* accept_source::next_operation() noexcept {
    operation_.set_once(once_);
    return &operation_;
}

}  // namespace spargio::detail
