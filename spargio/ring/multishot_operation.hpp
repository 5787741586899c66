#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Takes the completions of an operation that has several, as they are reaped.
class arrival_sink {
public:
    /// Resumes nothing; what it wakes goes into `ready`. After the last one the operation's waiter
    /// is queued, once nothing of it is left with the kernel.
    /// Thread: the holder of the service claim of the operation's shard.
    virtual void arrived(const arrival& what, detail::work_list& ready) noexcept = 0;

protected:
    ~arrival_sink() = default;
};

/// An operation with several completions: `take` hands each to its sink.
/// It is in flight until the last one, which says that no more follow: whatever ends it early, be
/// it a full completion queue, the want of a buffer, an error or a cancel, looks the same, and who
/// wants more submits it again.
class multishot_operation : public operation {
protected:
    multishot_operation(const operation_type& type, arrival_sink& sink) noexcept
        : operation(type), sink_(&sink) {}
    ~multishot_operation() = default;

    static void take(operation& self, const arrival& what, detail::work_list& ready) noexcept {
        static_cast<multishot_operation&>(self).sink_->arrived(what, ready);
    }

private:
    arrival_sink* sink_;
};

}  // namespace spargio
