#pragma once

#include <gtest/gtest.h>

#include <string>

#include "spargio/core/task.hpp"
#include "spargio/runtime/remote_shard.hpp"

namespace spargio::runtime_test {

struct level {
    static constexpr std::uint32_t message_tag = 77;
    std::uint16_t low;
    std::int32_t high;
    friend bool operator==(const level&, const level&) = default;
};

[[nodiscard]] inline level with(std::uint64_t value) {
    return {.low = 5, .high = static_cast<std::int32_t>(value)};
}

/// One of the ways to send one message, a level; it yields what that way answers.
struct send_form {
    const char* name;
    result<void> (*send)(const remote_shard& target, std::uint64_t value);  // from any thread
    bool goes_directly = false;  // in order among its own kind only, and not past the mailbox

    friend void PrintTo(const send_form& form, std::ostream* to) { *to << form.name; }
};

[[nodiscard]] inline result<void> all_or(const result<std::size_t>& accepted) {
    if (!accepted)
        return failure(accepted.error());
    EXPECT_EQ(*accepted, 1u);
    return {};
}

/// The forms that answer with a ticket are awaited where there is a task, see send_awaited().
inline const send_form send_forms[] = {
    {"send_raw",
     [](const remote_shard& target, std::uint64_t value) {
         return target.send_raw(77, to_message(with(value)).value).await_resume();
     }},
    {"send", [](const remote_shard& target,
                std::uint64_t value) { return target.send(with(value)).await_resume(); }},
    {"send_raw_nowait",
     [](const remote_shard& target, std::uint64_t value) {
         return target.send_raw_nowait(77, to_message(with(value)).value);
     }},
    {"send_nowait", [](const remote_shard& target,
                       std::uint64_t value) { return target.send_nowait(with(value)); }},
    {"send_many_nowait",
     [](const remote_shard& target, std::uint64_t value) {
         const raw_message raw[] = {to_message(with(value))};
         return all_or(target.send_many_nowait(raw));
     }},
    {"send_many_nowait_typed",
     [](const remote_shard& target, std::uint64_t value) {
         const level typed[] = {with(value)};
         return all_or(target.send_many_nowait(std::span<const level>(typed)));
     }},
    {"send_raw_direct_nowait",
     [](const remote_shard& target, std::uint64_t value) {
         return target.send_raw_direct_nowait(77, to_message(with(value)).value);
     },
     true},
    {"send_many_raw_direct_nowait",
     [](const remote_shard& target, std::uint64_t value) {
         const raw_message raw[] = {to_message(with(value))};
         return all_or(target.send_many_raw_direct_nowait(raw));
     },
     true},
};

/// The same from a task, which awaits what can be awaited.
inline task<result<void>> send_awaited(send_form form, remote_shard target, std::uint64_t value) {
    const std::string name = form.name;
    if (name == "send_raw")
        co_return co_await target.send_raw(77, to_message(with(value)).value);
    if (name == "send")
        co_return co_await target.send(with(value));
    co_return form.send(target, value);
}

}  // namespace spargio::runtime_test
