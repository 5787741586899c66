#include "spargio/net/zero_copy.hpp"

#include <cerrno>

#include "spargio/core/frame_recycler.hpp"
#include "spargio/ring/ops/send.hpp"
#include "spargio/ring/ops/send_zc.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio {

namespace detail {

/// One send, alive until it has been answered to its sender and nothing of it is with the kernel.
/// Thread: the owner begins; arrivals, and the end, with whoever services the home.
class lent_send final : public arrival_sink {
public:
    lent_send(int descriptor, lent_bytes& lent, std::span<const std::byte> bytes,
              std::shared_ptr<lending> history, shard& home, work_item& waiter) noexcept
        : operation_(descriptor, bytes, *this),
          lent_(lent),
          history_(std::move(history)),
          home_(home),
          waiter_(waiter),
          end_(*this) {
        lent_.keep();
        history_->out.fetch_add(1, std::memory_order_relaxed);
        operation_.waiter = &end_;
    }
    lent_send(const lent_send&) = delete;
    lent_send& operator=(const lent_send&) = delete;

    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* block, std::size_t bytes) noexcept {
        free_frame(block, bytes);
    }

    [[nodiscard]] operation& request() noexcept { return operation_; }
    [[nodiscard]] int outcome() const noexcept { return outcome_; }
    /// By the sender, and by the end of the operation.
    void let_go() noexcept {
        if (holds_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

private:
    struct end_request : work_item {
        explicit end_request(lent_send& ended) noexcept : work_item(&run_it), send(ended) {
            kind = work_kind::request;
        }
        static void run_it(work_item& item) noexcept {
            static_cast<end_request&>(item).send.ended();
        }
        lent_send& send;
    };

    ~lent_send() = default;

    /// A result may be an error and a notification follow it all the same.
    void arrived(const arrival& what, work_list& ready) noexcept override {
        if (what.notification) {
            if (send_zc_operation::copied(what))
                history_->in_vain.store(true, std::memory_order_relaxed);
            return;
        }
        outcome_ = what.outcome;
        answered_ = true;
        ready.push(waiter_);
    }
    void ended() noexcept {
        if (!answered_) {
            // Cancelled before the kernel had it.
            outcome_ = operation_.outcome();
            home_.wake(waiter_);
        }
        lent_.let_go();
        history_->out.fetch_sub(1, std::memory_order_relaxed);
        let_go();
    }

    send_zc_operation operation_;
    lent_bytes& lent_;
    std::shared_ptr<lending> history_;
    shard& home_;
    work_item& waiter_;
    end_request end_;
    int outcome_ = 0;
    bool answered_ = false;
    std::atomic<unsigned> holds_ = 2;
};

lent_send_awaiter::lent_send_awaiter(int descriptor, lent_bytes& lent,
                                     std::span<const std::byte> bytes,
                                     std::shared_ptr<lending> history) noexcept
    : descriptor_(descriptor), lent_(lent), bytes_(bytes), history_(std::move(history)) {}

lent_send_awaiter::~lent_send_awaiter() {
    if (sending_ != nullptr)
        sending_->let_go();
}

bool lent_send_awaiter::start(promise_base& waiter) {
    if (!bind(waiter))
        return false;
    sending_ = new lent_send(descriptor_, lent_, bytes_, std::move(history_), home(), *this);
    const shard::hold held(home());
    home().io().submit(sending_->request());
    listen_held();
    return true;
}

bool lent_send_awaiter::on_stop() noexcept {
    if (shard::current() != &home())
        return home().io().cancel_from_outside(sending_->request());
    home().io().cancel(sending_->request());
    return true;
}

result<std::size_t> lent_send_awaiter::await_resume() const noexcept {
    const int outcome = sending_ == nullptr ? -ECANCELED : sending_->outcome();
    if (outcome < 0)
        return failure(-outcome);
    return static_cast<std::size_t>(outcome);
}

}  // namespace detail

const std::shared_ptr<detail::lending>& zero_copy_sender::history() {
    if (history_ == nullptr)
        history_ = std::make_shared<detail::lending>();
    return history_;
}

task<result<void>> zero_copy_sender::send(int descriptor, detail::lent_hold lent,
                                          std::shared_ptr<detail::lending> history) {
    bool copies = false;  // this time
    for (auto left = (*lent).bytes(); !left.empty();) {
        if (history->closed)
            co_return failure(EBADF);
        const bool lends = !copies && left.size() >= least_bytes && !history->in_vain &&
                           history->out < most_out &&
                           shard::current()->stream_features().has(feature::zero_copy_send);
        result<std::size_t> sent = 0;
        if (lends) {
            sent = co_await detail::lent_send_awaiter(descriptor, *lent, left, history);
        } else {
            sent = co_await detail::await_operation<send_operation>(detail::decode_count(), nullptr,
                                                                    descriptor, left);
        }
        if (!sent && lends) {
            // A socket of a kind that cannot, or no memory for what lending takes: it copies.
            const auto& why = sent.error();
            const bool never =
                why == std::errc::operation_not_supported || why == std::errc::invalid_argument;
            copies =
                never || why == std::errc::no_buffer_space || why == std::errc::not_enough_memory;
            if (never)
                history->in_vain = true;
            if (copies)
                continue;
        }
        if (!sent)
            co_return failure(sent.error());
        if (*sent == 0)
            co_return failure(make_error_code(errc::nothing_written));
        left = left.subspan(*sent);
    }
    co_return result<void>{};
}

}  // namespace spargio
