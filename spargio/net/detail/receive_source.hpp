#pragma once

#include <cstddef>
#include <span>

#include "spargio/net/detail/kept_items.hpp"
#include "spargio/ring/ops/receive_many.hpp"
#include "spargio/shard/buffer_pool.hpp"
#include "spargio/shard/multishot_source.hpp"

namespace spargio::detail {

/// What a socket receives, in buffers of the home's pool.
///
/// The kernel receives again and again into buffers it chooses. Where it cannot, or has run out of
/// buffers, the source waits until there is something to receive and then takes a buffer that is
/// kept back; if there is none it waits for one to come home, so that it never asks in vain.
/// Limit: `most_kept` leases that were not taken, and what one burst brings on top of them.
class receive_source : public multishot_source, private buffer_pool::room_wait {
public:
    static constexpr std::size_t most_kept = 8;

    /// The next lease, or an empty one at the end. \pre the wait for it has ended
    [[nodiscard]] result<buffer_lease> take() noexcept;
    /// As many as there are and fit; none at the end. \pre the wait for them has ended
    [[nodiscard]] result<std::size_t> take(std::span<buffer_lease> into) noexcept;

protected:
    /// `request` is part of the source; `whole`: each arrival is one, and has a buffer of its own.
    receive_source(shard& home, buffer_pool& pool, receive_many_operation& request,
                   bool whole) noexcept
        : multishot_source(home), pool_(pool), operation_(request), whole_(whole) {}

    /// Of a buffer that was received into once: its bytes in use, 0 at the end of the stream.
    [[nodiscard]] virtual std::size_t filled_once(std::span<std::byte> into,
                                                  std::size_t count) noexcept = 0;

private:
    void keep(const arrival& what) noexcept override;
    [[nodiscard]] bool has_kept() const noexcept override { return !kept_.empty(); }
    [[nodiscard]] bool has_enough() const noexcept override { return kept_.size() >= most_kept; }
    void drop_kept() noexcept override;
    [[nodiscard]] multishot_operation* next_operation() noexcept override;
    [[nodiscard]] bool give_up_arming() noexcept override { return pool_.stop_waiting(*this); }
    void room() noexcept override;

    void keep_filled(const arrival& what) noexcept;
    void keep_lease(buffer_lease lease) noexcept;
    void keep_error(int outcome) noexcept;
    [[nodiscard]] bool kernel_chooses() const noexcept;

    buffer_pool& pool_;
    receive_many_operation& operation_;
    const bool whole_;
    kept_items<buffer_lease> kept_;
    buffer_lease chosen_;    // what is received into once
    bool readable_ = false;  // there is something to receive
    bool tight_ = false;     // the kernel had no buffer left, or must not choose one
    bool refused_ = false;   // it cannot receive again and again here
};

/// Of a stream socket.
class stream_source final : public receive_source {
public:
    stream_source(shard& home, buffer_pool& pool, int descriptor) noexcept
        : receive_source(home, pool, request_, false), request_(descriptor, *this) {}

private:
    [[nodiscard]] std::size_t filled_once(std::span<std::byte>,
                                          std::size_t count) noexcept override {
        return count;
    }

    receive_many_operation request_;
};

}  // namespace spargio::detail
