#pragma once

#include <liburing.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spargio/testing/detail/simulated_ring.hpp"
#include "spargio/testing/detail/simulated_world.hpp"
#include "spargio/testing/simulated_options.hpp"
#include "spargio/testing/virtual_clock.hpp"

namespace spargio::testing::detail {

/// What the simulated kernel is made of: the rings, the requests they hold, the world these act on,
/// and the schedule of what happens when.
/// Thread: whoever holds `mutex`, which every member function wants held.
class simulation final : public change_listener {
public:
    explicit simulation(const simulated_options& given);
    ~simulation();

    // --- entries into the kernel: simulation.cpp -------------------------------------------------
    int create(unsigned entries, ::io_uring_params& params, ::io_uring& memory);
    void destroy(int descriptor);
    int enter(std::unique_lock<std::mutex>& lock, const ::io_uring& memory, unsigned submit,
              unsigned wait, unsigned flags, std::uint64_t timeout_ns);
    [[nodiscard]] simulated_ring* ring_of(int descriptor) const;
    [[nodiscard]] std::string describe() const;

    // --- time: simulation_time.cpp ---------------------------------------------------------------
    void advance_to(std::uint64_t time_ns);
    void settle();
    void wake_everyone();

    // --- requests: simulation_requests.cpp -------------------------------------------------------
    void changed(simulated_object& object) override;
    int attempt(const ::io_uring_sqe& request);
    int message(const ::io_uring_sqe& request);
    int cancel(simulated_ring& ring, std::uint64_t user_data, bool& target_first);
    /// Posts as if the request had ended while its owner was elsewhere.
    void post_outside(simulated_ring& ring, const simulated_completion& completion);

    // --- io_uring_register(2): simulation_control.cpp --------------------------------------------
    int control(int descriptor, unsigned operation, void* argument, unsigned count);

    std::mutex mutex;
    const simulated_options options;
    fault_plan faults;
    random_source random;
    virtual_clock clock;
    simulated_world world;
    std::vector<scripted_outcome> scripts;
    std::deque<int> scripted_entries;
    int refusal = 0;  // what entries answer that bring requests
    unsigned clock_holds = 0;
    std::array<std::uint64_t, 256> requested{};
    std::map<std::pair<unsigned, int>, std::uint64_t> completed;  // by opcode and result
    std::uint64_t entered = 0;
    std::uint64_t foreign_entries = 0;
    std::uint64_t overwritten = 0;  // zero-copy sends whose bytes were changed too early
    [[nodiscard]] std::size_t pending() const noexcept { return requests_.size(); }

private:
    using moment = std::pair<std::uint64_t, std::uint64_t>;  // when, and after how many others

    enum class stage : std::uint8_t {
        scheduled,  // will be looked at at `due`
        waiting,    // for an object to change
        held,       // by a script, until it is cancelled
        finished,   // its completion is posted at `due`
    };
    struct held_request {
        std::uint64_t number = 0;
        simulated_ring* ring = nullptr;
        object_pointer target;
        std::optional<int> result;      // instead of doing it
        std::size_t most = 0;           // bytes of a transfer
        bool cancelled = false;         // by a cancel that answered EALREADY
        unsigned flags = 0;             // of its next completion
        std::vector<std::byte> lent{};  // what a zero-copy send has read
        stage at = stage::scheduled;
        int outcome = 0;
        std::optional<moment> due;
        std::optional<::io_uring_sqe> sqe;  // always there; wrapped for its flexible array
    };
    enum class event_kind : std::uint8_t { request, tick };
    struct event {
        event_kind kind;
        std::uint64_t number;  // of the request or ring
    };

    // simulation.cpp
    unsigned submit(simulated_ring& ring, unsigned most);
    std::optional<int> fault_of_entry(unsigned to_submit, unsigned wait);
    [[nodiscard]] simulated_ring* ring_numbered(std::uint64_t number) const;

    // simulation_time.cpp
    int wait_in(std::unique_lock<std::mutex>& lock, simulated_ring& ring);
    void show_completions(simulated_ring& ring);
    [[nodiscard]] bool satisfied(const simulated_ring& ring) const noexcept;
    [[nodiscard]] bool may_jump() const;
    [[nodiscard]] std::optional<std::uint64_t> next_moment() const;
    moment schedule(std::uint64_t delay_ns, event what);
    void fire_next();
    [[noreturn]] void report_stuck(const simulated_ring& ring) const;

    // simulation_requests.cpp
    void issue(simulated_ring& ring, const ::io_uring_sqe& sqe);
    void issue_cancel(held_request request);
    void proceed(held_request& request);
    int act(held_request& request, object_pointer* instead);
    void perform(held_request request, bool during_submission);
    void finish(held_request request, int outcome, bool during_submission);
    void deliver(const held_request& request, bool during_submission);
    void take_from_schedule(held_request& request);
    [[nodiscard]] static std::uint64_t duration_of(const ::io_uring_sqe& timeout) noexcept;
    std::uint64_t hold(held_request request);
    void reschedule(held_request& request, std::uint64_t delay_ns);
    [[nodiscard]] std::uint64_t some_delay() noexcept;
    [[nodiscard]] scripted_outcome* script_for(const ::io_uring_sqe& sqe) noexcept;
    void use_script(scripted_outcome& script);
    [[nodiscard]] std::size_t transfer_limit(const ::io_uring_sqe& sqe) noexcept;

    // simulation_multishot.cpp
    [[nodiscard]] static bool is_multishot(const ::io_uring_sqe& sqe) noexcept;
    [[nodiscard]] bool refuses(const ::io_uring_sqe& sqe) const noexcept;
    int provide_buffers(simulated_ring& ring, const ::io_uring_buf_reg& request);
    int receive_selected(held_request& request, std::size_t most);
    [[nodiscard]] bool goes_on_after(const held_request& request, int outcome);
    void deliver_and_go_on(held_request request, int outcome, bool during_submission);
    void finish_zero_copy(held_request request, int outcome, bool during_submission);
    void check_lent(const held_request& request);
    void show(const held_request& request, const simulated_completion& completion,
              bool during_submission);

    std::map<std::uint64_t, std::unique_ptr<simulated_ring>> rings_;
    std::map<std::uint64_t, held_request> requests_;
    std::map<moment, event> schedule_;
    std::uint64_t last_number_ = 0;
};

}  // namespace spargio::testing::detail
