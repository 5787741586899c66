#pragma once

#include <concepts>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <optional>
#include <system_error>
#include <type_traits>

#include "spargio/core/result.hpp"
#include "spargio/core/time_span.hpp"
#include "spargio/time/clock.hpp"

namespace spargio::detail {

class call_wait;

/// What can be told how a call ended.
template <class Callback, class Outcome>
concept callback_for = std::invocable < std::remove_reference_t<Callback>
&, Outcome > ;

/// One call on its way over a boundary, as far as it does not depend on its types.
///
/// Its caller holds it from the beginning, a server from the hand-over on. Each clears what is its
/// own and lets go; when both have, the slot is free for another call.
/// Thread: whatever changes hands does so under the line's lock.
struct call_slot {
    enum class phase : std::uint8_t {
        free,
        filling,  // the caller's alone
        queued,
        serving,
        ended,  // how, `why` says; none: with an answer
    };
    enum class caller : std::uint8_t { thread, task, callback };

    call_slot* next = nullptr;
    call_slot* prev = nullptr;
    phase at = phase::free;
    caller who = caller::thread;
    std::uint8_t holders = 0;
    bool taken = false;  // by a server, who then owns the request
    std::uint64_t generation = 0;
    call_wait* waiter = nullptr;
    clock::time_point deadline;
    std::error_code why;
    std::condition_variable ended;  // for a thread
};

/// The rest. The request is the caller's until a server has it; the answer is the server's until
/// the call has ended with it.
template <class Request, class Response>
struct typed_slot : call_slot {
    // What throws while it changes hands would leave nobody to answer.
    static_assert(std::is_nothrow_move_constructible_v<Request>,
                  "a request must be movable without throwing");
    static_assert(std::is_nothrow_move_constructible_v<Response>,
                  "a response must be movable without throwing");

    std::optional<Request> request;
    std::optional<Response> answer;
    std::move_only_function<void(result<Response>)> callback;
};

/// The time by the clock of the calling shard, or, on other threads, of the machine.
[[nodiscard]] clock::time_point time_here() noexcept;
/// `limit` from now, or the end of time.
[[nodiscard]] clock::time_point deadline_in(time_span limit) noexcept;

}  // namespace spargio::detail
