#pragma once

#include <atomic>

#include "spargio/ring/multishot_operation.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

class multishot_wait;

/// An operation that yields again and again, what it has yielded, and the one who waits for more.
/// The operation is on the ring of one shard, the home; it is submitted when somebody waits and it
/// is not under way, and ends early when the reader falls behind, so that what has been yielded and
/// not taken stays bounded.
///
/// It is on the heap, held by its reader, and frees itself when the reader has gone and the kernel
/// has nothing of it any more.
/// Thread: the reader, one at a time, on any shard of the runtime; arrivals, with whoever services
/// the home; everything that submits or cancels, the home's owner.
class multishot_source : public arrival_sink {
public:
    multishot_source(const multishot_source&) = delete;
    multishot_source& operator=(const multishot_source&) = delete;

    /// Asks the kernel for no more. What has come can be taken, then there is the end.
    void request_end() noexcept;
    /// The reader goes. \pre nobody waits
    void abandon() noexcept;
    [[nodiscard]] shard& home() const noexcept { return home_; }

protected:
    /// \pre called on `home`
    explicit multishot_source(shard& home) noexcept : home_(home), end_(*this), errand_(*this) {}
    virtual ~multishot_source() = default;

    /// Short, and taken last: what it guards is what reader and arrivals share.
    class guard {
    public:
        explicit guard(const multishot_source& guarded) noexcept;
        ~guard() { flag_.clear(std::memory_order_release); }
        guard(const guard&) = delete;
        guard& operator=(const guard&) = delete;

    private:
        std::atomic_flag& flag_;
    };

    // --- under the guard, with whoever services the home -----------------------------------------

    /// Keeps what came, or what is to be said of it. An error that asks for the operation to be
    /// submitted again, sooner or later, is nothing to be kept.
    virtual void keep(const arrival& what) noexcept = 0;
    /// What was yielded and not taken.
    [[nodiscard]] virtual bool has_kept() const noexcept = 0;
    /// The reader has fallen behind: no more for now.
    [[nodiscard]] virtual bool has_enough() const noexcept = 0;
    /// Ends what was kept and not taken.
    virtual void drop_kept() noexcept = 0;

    /// There is nothing more after what was kept.
    void finish() noexcept { finished_ = true; }
    /// The next answer after what was kept, once.
    void fail(int error) noexcept { error_ = error; }
    [[nodiscard]] bool finished() const noexcept { return finished_; }
    [[nodiscard]] int take_error() noexcept { return std::exchange(error_, 0); }

    // --- the home's owner ------------------------------------------------------------------------

    /// The operation to submit next; null: not now, resume_arming() will be called.
    [[nodiscard]] virtual multishot_operation* next_operation() noexcept = 0;
    /// Ends what next_operation() began by answering null. \return whether it had.
    [[nodiscard]] virtual bool give_up_arming() noexcept { return false; }
    /// Goes on where next_operation() answered null.
    void resume_arming() noexcept { submit_next(); }

private:
    friend class multishot_wait;

    template <void (multishot_source::*what)() noexcept>
    struct request : work_item {
        explicit request(multishot_source& owner) noexcept : work_item(&run_it), source(owner) {
            kind = work_kind::request;
        }
        static void run_it(work_item& item) noexcept {
            multishot_source& source = static_cast<request&>(item).source;
            // Only the owner submits, and only it ends the source.
            if (shard::current() != &source.home_) {
                source.home_.leave_to_owner(item);
            } else {
                (source.*what)();
            }
        }
        multishot_source& source;
    };

    void arrived(const arrival& what, work_list& ready) noexcept final;
    [[nodiscard]] bool join(work_item& waiter, shard& where) noexcept;
    [[nodiscard]] bool leave(const work_item& waiter) noexcept;
    [[nodiscard]] bool has_answer() const noexcept;
    [[nodiscard]] bool answer_ready() const noexcept {
        return has_kept() || error_ != 0 || finished_;
    }
    void operation_ended() noexcept;
    void run_errand() noexcept;
    void go_on() noexcept;
    void go_on(bool& over) noexcept;
    void submit_next() noexcept;
    void cancel() noexcept;

    shard& home_;
    mutable std::atomic_flag flag_ = ATOMIC_FLAG_INIT;

    // under the guard
    work_item* waiting_ = nullptr;
    shard* waits_on_ = nullptr;
    int error_ = 0;
    bool finished_ = false;
    bool under_way_ = false;      // with the kernel, or on its way there; set by the owner
    bool behind_ = false;         // the reader is: no more for now
    bool errand_posted_ = false;  // the owner will look at all this
    bool end_requested_ = false;
    bool abandoned_ = false;

    // the owner
    multishot_operation* operation_ = nullptr;  // with the kernel

    request<&multishot_source::operation_ended> end_;
    request<&multishot_source::run_errand> errand_;
};

/// Waits until a source has something. Base of the awaiters that take it.
class multishot_wait : stoppable_wait {
protected:
    explicit multishot_wait(multishot_source& source) noexcept : source_(source) {}
    ~multishot_wait() = default;

    [[nodiscard]] bool start(promise_base& waiter) noexcept;
    /// Why nothing is to be taken: ECANCELED, or EPERM on a shard of another runtime; or 0.
    [[nodiscard]] int refusal() const noexcept { return refusal_; }

private:
    bool on_stop() noexcept override;

    multishot_source& source_;
    int refusal_ = 0;
};

}  // namespace spargio::detail
