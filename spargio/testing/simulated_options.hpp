#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "spargio/ring/feature.hpp"
#include "spargio/testing/fault_plan.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/testing/request_kind.hpp"

namespace spargio::testing {

/// What of two things that race comes first.
enum class cancel_order : std::uint8_t {
    by_seed,
    acknowledgement_first,  ///< the cancel's completion, then the target's last one
    target_first,
};

/// What a cancel finds when it arrives at a request that has not ended.
enum class cancel_race : std::uint8_t {
    by_seed,
    cancel_wins,      ///< the target ends with ECANCELED, the cancel answers 0
    result_wins,      ///< the target does what it can do just now and the cancel answers ENOENT;
                      ///< if it can do nothing just now, the cancel wins
    already_running,  ///< the cancel answers EALREADY; the target ends with a result if it can,
                      ///< else with ECANCELED, EINTR or ERESTARTSYS
};

/// How a simulated kernel behaves. The defaults delay and reorder completions and are otherwise
/// faultless; everything that happens follows from the seed and the order of calls.
struct simulated_options {
    std::uint64_t seed = process_seed();
    fault_plan faults{};

    // --- what kernel it is
    feature_set missing{};    ///< the kernel does not have these
    int create_error = 0;     ///< what every set-up answers: ENOSYS, EPERM, ENOMEM, ...
    unsigned cq_entries = 0;  ///< not 0: the completion queue's real size, to make it overflow
    std::size_t locked_memory =
        ~std::size_t{0};             ///< bytes for the queues of all rings; past it ENOMEM
    std::size_t descriptors = 4096;  ///< past it EMFILE

    // --- how it mixes things up
    unsigned immediate_percent = 30;          ///< requests that end during their submission
    std::uint64_t longest_delay_ns = 20'000;  ///< of the others
    unsigned short_percent = 0;               ///< transfers cut short
    unsigned noise_percent = 0;       ///< entries that answer EINTR, EAGAIN, EBUSY or take a part
    unsigned no_buffers_percent = 0;  ///< receives that find no buffer though there are some
    unsigned end_multishot_percent = 10;  ///< completions that are the last of several too early
    unsigned copied_percent = 0;          ///< zero-copy sends that copy after all
    std::uint64_t notification_delay_ns = 0;  ///< of those sends, on top of the usual delay
    unsigned attempt_percent = 50;            ///< attempts that are possible if the operation is
    cancel_order order = cancel_order::by_seed;
    cancel_race race = cancel_race::by_seed;

    // --- time
    std::uint64_t entry_costs_ns = 200;  ///< an entry into the kernel
    std::uint64_t look_costs_ns = 50;    ///< a look at the clock, so that who spins gets ahead
    std::uint64_t tick_ns = 1'000'000;   ///< completions held back in cooperative mode show then
    /// Whether a thread that owns no ring may strike a bell or send a message. If not, a wait that
    /// nothing can end any more ends the program with a report.
    bool foreign_threads = true;
};

/// What is to happen to certain requests, before chance or the objects decide.
struct scripted_outcome {
    static constexpr int any_descriptor = -1;
    /// As a delay: the request ends when it is cancelled.
    static constexpr std::uint64_t until_cancelled = ~std::uint64_t{0};

    request_kind kind = request_kind::any;
    int descriptor = any_descriptor;
    std::optional<int> result{};              ///< instead of doing it; errors negative
    std::optional<std::uint64_t> delay_ns{};  ///< 0: ends during submission
    std::optional<std::size_t> most{};        ///< bytes, of a transfer
    unsigned times = 1;                       ///< so many requests
};

}  // namespace spargio::testing
