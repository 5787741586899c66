#include "spargio/runtime/remote_shard.hpp"

#include "spargio/runtime/detail/runtime_core.hpp"

namespace spargio {
namespace {

result<void> without_count(const result<std::size_t>& sent) noexcept {
    if (!sent) [[unlikely]]
        return failure(sent.error());
    return {};
}

}  // namespace

result<std::size_t> remote_shard::send_by(send_function how,
                                          std::span<const raw_message> messages) const noexcept {
    if (core_->registry_at(index_).closed()) [[unlikely]]
        return failure(make_error_code(errc::shut_down));
    const std::size_t accepted = how(core_->shard_at(index_), messages);
    if (accepted == 0 && !messages.empty()) [[unlikely]]
        return failure(make_error_code(errc::backpressure));
    return accepted;
}

result<std::size_t>
remote_shard::send_many_nowait(std::span<const raw_message> messages) const noexcept {
    return send_by(&shard::send, messages);
}

result<void> remote_shard::send_raw_nowait(std::uint32_t tag, std::uint64_t value) const noexcept {
    if (core_->registry_at(index_).closed()) [[unlikely]]
        return failure(make_error_code(errc::shut_down));
    if (!shard::send_one(core_->shard_at(index_), {tag, value})) [[unlikely]]
        return failure(make_error_code(errc::backpressure));
    return {};
}

result<std::size_t>
remote_shard::send_many_raw_direct_nowait(std::span<const raw_message> messages) const noexcept {
    return send_by(&shard::send_direct, messages);
}

result<void> remote_shard::send_raw_direct_nowait(std::uint32_t tag,
                                                  std::uint64_t value) const noexcept {
    const raw_message one{tag, value};
    return without_count(send_by(&shard::send_direct, std::span(&one, 1)));
}

detail::send_ticket remote_shard::flush() const noexcept {
    // Who is no shard rings with each message.
    if (shard* source = shard::current(); source != nullptr)
        source->flush_messages();
    return detail::send_ticket(result<void>{});
}

}  // namespace spargio
