#include "work.hpp"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "spargio/core/when_all.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"

namespace mixed_mode {

using spargio::task;
using work_call = work_server::received;

namespace {

struct part {
    std::uint64_t primes = 0;
    std::uint64_t ended_on = 0;  // a bit for its shard
};

auto is_prime(std::uint64_t number) -> bool {
    if (number < 4) {
        return number > 1;
    }
    if (number % 2 == 0) {
        return false;
    }
    for (std::uint64_t by = 3; by * by <= number; by += 2) {
        if (number % by == 0) {
            return false;
        }
    }
    return true;
}

/// Counts in bites, and looks between them whether anybody still wants to know.
auto count_between(std::uint64_t first, std::uint64_t last, const work_call* wanted) -> task<part> {
    constexpr std::uint64_t bite = 500;
    part counted;
    while (first < last && !wanted->caller_left()) {
        auto end = std::min(first + bite, last);
        for (; first < end; ++first) {
            counted.primes += is_prime(first) ? 1 : 0;
        }
        co_await spargio::yield();
    }
    counted.ended_on = std::uint64_t{1} << (spargio::this_shard::id() % 64);
    co_return counted;
}

/// In a stealable task the children of when_all are forks: shards with time take some.
auto fan_out(const work_call* call, question asked) -> task<answer> {
    std::vector<task<part>> parts;
    parts.reserve(asked.parts);
    for (std::uint64_t i = 0; i < asked.parts; ++i) {
        parts.push_back(count_between(asked.below * i / asked.parts,
                                      asked.below * (i + 1) / asked.parts, call));
    }
    answer sum;
    std::uint64_t shards = 0;
    auto ended = co_await spargio::when_all(std::move(parts));
    for (const part& counted : ended) {
        sum.primes += counted.primes;
        shards |= counted.ended_on;
    }
    sum.shards = static_cast<unsigned>(std::popcount(shards));
    co_return sum;
}

auto answer_one(work_call call) -> task<> {
    auto sum = co_await fan_out(&call, call.request());
    // Nobody there to hear it: then it is dropped, and counted.
    (void)call.respond(sum);
}

}  // namespace

auto serve(work_server from) -> task<> {
    spargio::task_group working;
    for (;;) {
        auto call = co_await from.recv();
        if (!call) {
            break;
        }
        // A refusal destroys the task and its call with it, and the client is told.
        (void)working.spawn(spargio::placement::stealable(), answer_one(std::move(*call)));
    }
    co_await working.join();
}

}  // namespace mixed_mode
