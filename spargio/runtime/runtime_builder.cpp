#include "spargio/runtime/runtime_builder.hpp"

#include <sched.h>

#include <algorithm>
#include <bit>
#include <initializer_list>
#include <new>
#include <set>
#include <utility>

#include "spargio/ring/kernel.hpp"
#include "spargio/runtime/cpu_count.hpp"
#include "spargio/runtime/detail/runtime_core.hpp"
#include "spargio/runtime/refusal.hpp"
#include "spargio/runtime/runtime.hpp"

namespace spargio {

runtime_builder& runtime_builder::shards(unsigned count) {
    settings_.shards = count;
    shards_given_ = true;
    return *this;
}
runtime_builder& runtime_builder::ring_entries(unsigned entries) {
    settings_.ring_entries = entries;
    return *this;
}
runtime_builder& runtime_builder::cq_entries(unsigned entries) {
    settings_.cq_entries = entries;
    cq_given_ = true;
    return *this;
}
runtime_builder& runtime_builder::operations_in_flight(unsigned operations) {
    settings_.operations_in_flight = operations;
    return *this;
}
runtime_builder& runtime_builder::io_workers(unsigned threads) {
    settings_.io_workers = threads;
    return *this;
}
runtime_builder& runtime_builder::mailbox_capacity(unsigned messages) {
    settings_.mailbox_capacity = messages;
    return *this;
}
runtime_builder& runtime_builder::hot_tags(std::vector<std::uint32_t> tags) {
    settings_.hot_tags = std::move(tags);
    return *this;
}
runtime_builder& runtime_builder::coalesced_hot_tags(std::vector<coalesced_tag> tags) {
    settings_.coalesced_hot_tags = std::move(tags);
    return *this;
}
runtime_builder& runtime_builder::max_tasks(std::uint64_t tasks) {
    settings_.max_tasks = tasks;
    return *this;
}
runtime_builder& runtime_builder::spin_us(unsigned microseconds) {
    settings_.spin_us = microseconds;
    spin_given_ = true;
    return *this;
}
runtime_builder& runtime_builder::blocking_threads(unsigned threads) {
    settings_.blocking_threads = threads;
    return *this;
}
runtime_builder& runtime_builder::blocking_queue(unsigned calls) {
    settings_.blocking_queue = calls;
    return *this;
}
runtime_builder& runtime_builder::affinity(std::vector<unsigned> cpus) {
    settings_.affinity = std::move(cpus);
    return *this;
}
runtime_builder& runtime_builder::thread_name(std::string name) {
    settings_.thread_name = std::move(name);
    return *this;
}
runtime_builder& runtime_builder::block_signals(std::vector<int> signals) {
    settings_.blocked_signals = std::move(signals);
    return *this;
}
runtime_builder& runtime_builder::deferred_taskrun(bool on) {
    settings_.deferred_taskrun = on;
    return *this;
}
runtime_builder& runtime_builder::stealing(const steal_options& how) {
    settings_.stealing = how;
    return *this;
}
runtime_builder& runtime_builder::rescue(const rescue_options& how) {
    settings_.rescue = how;
    return *this;
}
runtime_builder& runtime_builder::receive_buffers(const buffer_options& buffers) {
    settings_.buffers = buffers;
    return *this;
}
runtime_builder& runtime_builder::disable(feature which) {
    settings_.disabled.add(which);
    return *this;
}

namespace {

std::unexpected<error> invalid(std::string sentence) {
    return std::unexpected(error{errc::invalid_option, std::move(sentence)});
}

std::string out_of_range(const char* option, std::uint64_t value, const char* allowed) {
    return std::string(option) + " is " + std::to_string(value) + ", allowed is " + allowed;
}

bool power_of_two_between(unsigned value, unsigned least, unsigned most) {
    return std::has_single_bit(value) && value >= least && value <= most;
}

struct bounded_option {
    const char* name;
    unsigned value;
    unsigned least;
    unsigned most;
};

/// What is wrong with the first of them that is out of its range; empty when none is.
std::string first_out_of_range(std::initializer_list<bounded_option> options) {
    for (const bounded_option& each : options) {
        if (each.value < each.least || each.value > each.most) {
            const std::string allowed =
                std::to_string(each.least) + " to " + std::to_string(each.most);
            return out_of_range(each.name, each.value, allowed.c_str());
        }
    }
    return {};
}

std::string fault_of(const steal_options& how) {
    constexpr unsigned most = 65'536, second_ns = 1'000'000'000;
    if (!power_of_two_between(how.capacity, 16, most))
        return out_of_range("stealing.capacity", how.capacity, "a power of two from 16 to 65536");
    return first_out_of_range({
        {"stealing.probe_count", how.probe_count, 1, most},
        {"stealing.victim_stride", how.victim_stride, 1, most},
        {"stealing.batch_size", how.batch_size, 1, most},
        {"stealing.locality_margin", how.locality_margin, 0, most},
        {"stealing.item_worth_ns", how.item_worth_ns, 0, second_ns},
        {"stealing.worth_ns", how.worth_ns, 0, second_ns},
        {"stealing.contended_worth_ns", how.contended_worth_ns, 0, second_ns},
        {"stealing.budget", how.budget, 1, most},
        {"stealing.fail_cost", how.fail_cost, 0, most},
        {"stealing.backoff_min", how.backoff_min, 1, most},
        {"stealing.backoff_max", how.backoff_max, how.backoff_min, most},
        {"stealing.wake_delay_ns", how.wake_delay_ns, 0, second_ns},
    });
}

std::string fault_of(const rescue_options& how) {
    constexpr unsigned second_us = 1'000'000;
    return first_out_of_range({
        {"rescue.after_us", how.after_us, how.after_us == 0 ? 0u : 10u, second_us},
        {"rescue.watch_us", how.watch_us, 50, second_us},
        {"rescue.stuck_us", how.stuck_us, 50, second_us},
        {"rescue.linger_ms", how.linger_ms, 0, 60'000},
    });
}

std::string fault_of_tags(const std::vector<std::uint32_t>& hot,
                          const std::vector<coalesced_tag>& coalesced) {
    if (hot.size() > detail::tag_table::most)
        return out_of_range("the number of hot_tags", hot.size(), "0 to 64");
    if (coalesced.size() > detail::tag_table::most)
        return out_of_range("the number of coalesced_hot_tags", coalesced.size(), "0 to 64");
    std::set<std::uint32_t> seen(hot.begin(), hot.end());
    if (seen.size() != hot.size())
        return "hot_tags names a tag twice";
    for (const coalesced_tag& each : coalesced) {
        if (!seen.insert(each.tag).second)
            return "coalesced_hot_tags names tag " + std::to_string(each.tag) +
                   ", which is a hot tag already";
        if (each.wake_threshold == 0)
            return out_of_range("a wake_threshold of coalesced_hot_tags", 0, "at least 1");
    }
    return {};
}

std::string fault_of(const buffer_options& buffers) {
    return first_out_of_range({
        {"receive_buffers.count", buffers.count, 4, 32'768},
        {"receive_buffers.size", buffers.size, 256, 1u << 20},
    });
}

}  // namespace

std::expected<runtime_settings, error> runtime_builder::checked() const {
    runtime_settings s = settings_;
    const unsigned cpus = usable_cpus();
    if (!shards_given_)
        s.shards = s.affinity.empty() ? std::min(cpus, most_shards)
                                      : static_cast<unsigned>(s.affinity.size());
    if (s.shards < 1 || s.shards > most_shards)
        return invalid(out_of_range("shards", s.shards, "1 to 256"));
    if (!power_of_two_between(s.ring_entries, 16, 32768))
        return invalid(
            out_of_range("ring_entries", s.ring_entries, "a power of two from 16 to 32768"));
    if (!cq_given_)
        s.cq_entries = std::min(4 * s.ring_entries, 65536u);
    if (!power_of_two_between(s.cq_entries, s.ring_entries, 65536))
        return invalid(
            out_of_range("cq_entries", s.cq_entries, "a power of two from ring_entries to 65536"));
    if (s.operations_in_flight < 16 || s.operations_in_flight > 1u << 24)
        return invalid(
            out_of_range("operations_in_flight", s.operations_in_flight, "16 to 16777216"));
    if (s.io_workers < 1 || s.io_workers > 1024)
        return invalid(out_of_range("io_workers", s.io_workers, "1 to 1024"));
    if (!power_of_two_between(s.mailbox_capacity, 2, 1u << 20))
        return invalid(out_of_range("mailbox_capacity", s.mailbox_capacity,
                                    "a power of two from 2 to 1048576"));
    if (s.max_tasks < 1)
        return invalid(out_of_range("max_tasks", s.max_tasks, "at least 1"));
    if (s.spin_us > 10'000)
        return invalid(out_of_range("spin_us", s.spin_us, "0 to 10000"));
    if (s.blocking_threads < 1 || s.blocking_threads > 1024)
        return invalid(out_of_range("blocking_threads", s.blocking_threads, "1 to 1024"));
    if (s.blocking_queue > 1u << 20)
        return invalid(out_of_range("blocking_queue", s.blocking_queue, "0 to 1048576"));
    if (auto fault = fault_of(s.stealing) + fault_of(s.rescue) + fault_of(s.buffers);
        !fault.empty())
        return invalid(std::move(fault));
    if (auto fault = fault_of_tags(s.hot_tags, s.coalesced_hot_tags); !fault.empty())
        return invalid(std::move(fault));
    // CPUs that shards share count once.
    const std::set<unsigned> named(s.affinity.begin(), s.affinity.end());
    if (!spin_given_ && (s.shards > cpus || (!named.empty() && s.shards > named.size())))
        s.spin_us = 0;
    if (s.thread_name.empty() || s.thread_name.size() > 11)
        return invalid("thread_name is '" + s.thread_name + "', allowed are 1 to 11 characters");
    if (!s.affinity.empty() && s.affinity.size() != s.shards)
        return invalid("affinity names " + std::to_string(s.affinity.size()) + " CPUs for " +
                       std::to_string(s.shards) + " shards");
    for (unsigned cpu : s.affinity) {
        if (cpu >= CPU_SETSIZE)
            return invalid(out_of_range("a CPU of affinity", cpu, "0 to 1023"));
    }
    for (int signal : s.blocked_signals) {
        // sigaddset() refuses numbers that are none, and those the C library keeps for itself.
        sigset_t set;
        sigemptyset(&set);
        if (sigaddset(&set, signal) != 0 || signal == SIGKILL || signal == SIGSTOP)
            return invalid("block_signals names signal " + std::to_string(signal) +
                           ", which cannot be blocked");
    }
    s.disabled.add(features_disabled_by_environment());
    return s;
}

std::expected<runtime, error> runtime_builder::build() const {
    return build_on(system_kernel());
}

namespace {

/// Signals that the calling thread, and every thread it starts, leaves to others; until the end of
/// its scope, if nobody keeps them blocked.
class blocked_signals {
public:
    explicit blocked_signals(const std::vector<int>& signals) noexcept {
        sigset_t blocked;
        sigemptyset(&blocked);
        for (int signal : signals)
            sigaddset(&blocked, signal);
        ::pthread_sigmask(SIG_BLOCK, &blocked, &before_);
    }
    blocked_signals(const blocked_signals&) = delete;
    blocked_signals& operator=(const blocked_signals&) = delete;
    ~blocked_signals() {
        if (!kept_)
            ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    void keep() noexcept { kept_ = true; }

private:
    sigset_t before_;
    bool kept_ = false;
};

}  // namespace

std::expected<runtime, error> runtime_builder::build_on(kernel& entry) const try {
    auto settings = checked();
    if (!settings)
        return std::unexpected(std::move(settings.error()));
    blocked_signals blocked(settings->blocked_signals);
    auto core = std::make_shared<detail::runtime_core>(entry, *settings);
    if (auto started = core->start(); !started)
        return std::unexpected(std::move(started.error()));
    blocked.keep();
    return runtime(std::move(core));
} catch (const std::bad_alloc&) {
    return std::unexpected(detail::out_of_memory());
}

}  // namespace spargio
