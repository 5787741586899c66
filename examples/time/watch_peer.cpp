// Looks once a period whether a server still takes connections, and ends when it has not for too
// long. Four kinds of time: ticks, a deadline for each look, a watchdog that every success resets,
// and an appointment that counts the time the machine is asleep.
#include <string_view>

#include "common/program.hpp"
#include "spargio/net/tcp_stream.hpp"
#include "spargio/time/boot_clock.hpp"
#include "spargio/time/interval.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace {

constexpr int exit_dead = 3;

struct options {
    spargio::socket_address server;
    std::chrono::milliseconds period;
    std::chrono::milliseconds dead;
    std::chrono::milliseconds whole;
    spargio::missed_ticks missed = spargio::missed_ticks::skip;
};

/// Every look starts at a tick and has until the next one.
spargio::task<int> look_again_and_again(const options* chosen, spargio::sleep* watchdog) {
    spargio::interval ticks(chosen->period);
    ticks.on_missed_ticks(chosen->missed);
    bool was_there = true;
    for (std::uint64_t looks = 1;; ++looks) {
        auto due = co_await ticks.tick();
        if (!due) {
            co_return program::exit_interrupted;
        }
        auto made = co_await spargio::timeout_at(*due + chosen->period,
                                                 spargio::tcp_stream::connect(chosen->server));
        if (!made && made.error() == std::errc::operation_canceled) {
            co_return program::exit_interrupted;
        }
        if (made) {
            watchdog->reset(chosen->dead);
        }
        if (looks == 1 || made.has_value() != was_there) {
            std::printf("look %llu: %s\n", static_cast<unsigned long long>(looks),
                        made ? "there" : made.error().message().c_str());
            std::fflush(stdout);
        }
        was_there = made.has_value();
    }
}

spargio::task<int> wait_until_dead(const options* chosen, spargio::sleep* watchdog) {
    auto waited = co_await *watchdog;
    if (waited) {
        std::printf("not there for %lld ms\n", static_cast<long long>(chosen->dead.count()));
    }
    co_return exit_dead;
}

spargio::task<int> wait_for_the_end(const options* chosen) {
    auto end = spargio::boot_clock::now() + chosen->whole;
    auto waited = co_await spargio::sleep_until(end);
    if (waited) {
        std::printf("watched for %lld ms\n", static_cast<long long>(chosen->whole.count()));
    }
    co_return program::exit_ok;
}

spargio::task<int> watch(options chosen) {
    spargio::sleep watchdog(chosen.dead);
    auto ended = co_await when_any(look_again_and_again(&chosen, &watchdog),
                                   wait_until_dead(&chosen, &watchdog), wait_for_the_end(&chosen));
    co_return std::visit([](int status) { return status; }, ended);
}

options read(const program::arguments& given) {
    constexpr unsigned long day = 86'400'000;
    options chosen{program::internet_address(given[0]),
                   std::chrono::milliseconds(program::number(given[1], 1, day)),
                   std::chrono::milliseconds(program::number(given[2], 1, day)),
                   std::chrono::milliseconds(program::number(given[3], 1, 1000 * day))};
    const std::string_view missed = given.size() > 4 ? std::string_view(given[4]) : "skip";
    if (missed == "burst") {
        chosen.missed = spargio::missed_ticks::burst;
    } else if (missed == "delay") {
        chosen.missed = spargio::missed_ticks::delay;
    } else if (missed != "skip") {
        throw program::bad_argument("'" + std::string(missed) + "' is not burst, delay or skip");
    }
    return chosen;
}

}  // namespace

int main(int argc, char** argv) {
    return program::run<options>(
        argc, argv,
        {.usage = "watch_peer ADDRESS:PORT PERIOD_MS DEAD_MS WHOLE_MS [burst|delay|skip]\n"
                  "Connects once every PERIOD_MS, for WHOLE_MS; ends with 3 when that has not\n"
                  "worked for DEAD_MS. The last word is what becomes of ticks that were missed\n"
                  "while the program, or the machine, was stopped.",
         .least_arguments = 4,
         .most_arguments = 5,
         .read = read,
         .work = watch,
         .runtime = spargio::runtime_builder().shards(1)});
}
