#include "spargio/runtime/remote_shard.hpp"

#include "spargio/runtime/detail/runtime_core.hpp"

namespace spargio {

result<void> remote_shard::send_raw_nowait(std::uint32_t tag, std::uint64_t value) const noexcept {
    if (core_->registry_at(index_).closed()) [[unlikely]]
        return failure(make_error_code(errc::shut_down));
    const shard* source = shard::current();
    const unsigned sender = source != nullptr && detail::runtime_core::current() == core_.get()
                                ? source->index()
                                : message::no_shard;
    if (!core_->shard_at(index_).try_send({sender, tag, value})) [[unlikely]]
        return failure(make_error_code(errc::backpressure));
    return {};
}

detail::send_ticket remote_shard::flush() const noexcept {
    // A message is in the mailbox when send_raw answers; what may still wait in this shard's ring
    // is the bell.
    if (shard* source = shard::current(); source != nullptr)
        source->io().submit_now();
    return detail::send_ticket(result<void>{});
}

}  // namespace spargio
