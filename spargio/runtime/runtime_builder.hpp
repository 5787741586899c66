#pragma once

#include <csignal>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "spargio/core/error.hpp"
#include "spargio/ring/feature.hpp"
#include "spargio/shard/buffer_options.hpp"
#include "spargio/shard/hot_tags.hpp"
#include "spargio/shard/rescue_options.hpp"
#include "spargio/shard/steal_options.hpp"

namespace spargio {

class runtime;
class kernel;

/// What a runtime is built from; the builder's setters say what is allowed.
struct runtime_settings {
    unsigned shards = 0;  // 0: as many as CPUs
    unsigned ring_entries = 256;
    unsigned cq_entries = 0;  // 0: four times ring_entries, at most 65,536
    unsigned operations_in_flight = 65'536;
    unsigned io_workers = 32;
    unsigned mailbox_capacity = 4096;
    std::vector<std::uint32_t> hot_tags;
    std::vector<coalesced_tag> coalesced_hot_tags;
    std::uint64_t max_tasks = 1u << 20;
    unsigned spin_us = 100;
    unsigned blocking_threads = 16;
    unsigned blocking_queue = 1024;
    std::vector<unsigned> affinity;
    std::string thread_name = "spargio";
    std::vector<int> blocked_signals;
    bool deferred_taskrun = false;
    steal_options stealing;
    rescue_options rescue;
    buffer_options buffers;
    feature_set disabled;
};

/// Settings of a runtime, each with its default. build() checks them all and starts the shards.
class runtime_builder {
public:
    static constexpr unsigned most_shards = 256;

    /// Worker threads, 1 to 256. Default: the CPUs this process may use (affinity and cgroup
    /// quota).
    runtime_builder& shards(unsigned count);
    /// Requests that fit between two entries into the kernel: a power of two from 16 to 32,768.
    /// Default 256.
    runtime_builder& ring_entries(unsigned entries);
    /// Completions that fit between two services of a shard: a power of two from ring_entries to
    /// 65,536; more are kept by the kernel, at a cost. Default four times ring_entries.
    runtime_builder& cq_entries(unsigned entries);
    /// Operations a shard has with the kernel at once, an idle connection's read among them: 16 to
    /// 16,777,216. What comes on top waits in its order until one of them ends. Default 65,536.
    runtime_builder& operations_in_flight(unsigned operations);
    /// Kernel threads a shard for operations that block (fsync, open, ...): 1 to 1,024. Default 32.
    runtime_builder& io_workers(unsigned threads);
    /// Messages that wait at one shard, of each other shard, and as many of all other threads
    /// together: a power of two from 2 to 1,048,576. 16 bytes each, for every two shards where one
    /// has sent to the other. Default 4,096.
    runtime_builder& mailbox_capacity(unsigned messages);
    /// Tags whose messages have a lane of their own, and are received by next_hot_event(): at most
    /// 64. They neither wait behind others nor keep their order with them. Default none.
    runtime_builder& hot_tags(std::vector<std::uint32_t> tags);
    /// Tags whose messages add up instead of queueing, and are received by next_hot_count(): at
    /// most 64, none twice or among hot_tags(), each with a threshold of at least 1. Default none.
    runtime_builder& coalesced_hot_tags(std::vector<coalesced_tag> tags);
    /// Tasks alive on one shard, at least 1; past it spawning answers errc::overloaded.
    /// Default 1,048,576.
    runtime_builder& max_tasks(std::uint64_t tasks);
    /// How long a shard may look at memory before it sleeps, in microseconds, 0 to 10,000; 0 never
    /// spins. Default 100, and 0 when there are more shards than CPUs.
    runtime_builder& spin_us(unsigned microseconds);
    /// Threads for spawn_blocking(), 1 to 1,024, started when they are needed. Default 16.
    runtime_builder& blocking_threads(unsigned threads);
    /// Calls that wait for such a thread, 0 to 1,048,576; past it spawn_blocking() answers
    /// errc::overloaded. Default 1,024.
    runtime_builder& blocking_queue(unsigned calls);
    /// The CPU of each shard, one number a shard. Default: none is pinned.
    runtime_builder& affinity(std::vector<unsigned> cpus);
    /// Shards' threads are called `name`-0, `name`-1, ...; 1 to 11 characters. Default "spargio".
    runtime_builder& thread_name(std::string name);
    /// Signals that build() blocks in the calling thread, and thereby in every shard, so that
    /// signal::ctrl_c() can await them. They stay blocked in the calling thread. Default none.
    runtime_builder& block_signals(std::vector<int> signals);
    /// Lets only the shard itself post its completions (SINGLE_ISSUER, DEFER_TASKRUN): as fast, but
    /// a stuck shard's completions stay invisible to others. Falls back where the kernel has it
    /// not.
    runtime_builder& deferred_taskrun(bool on = true);
    /// How shards look for each other's stealable work. Counts from 1 to 65,536 (locality_margin,
    /// fail_cost and the times also 0); capacity a power of two from 16 to 65,536.
    runtime_builder& stealing(const steal_options& how);
    /// How they look after one that is stuck in a task: after_us 0, which is never, or 10 to
    /// 1,000,000; watch_us and stuck_us 50 to 1,000,000; linger_ms 0 to 60,000.
    runtime_builder& rescue(const rescue_options& how);
    /// The buffers of a shard for what streams receive: count 4 to 32,768, size 256 to 1,048,576
    /// bytes. Default 512 of 8,192 bytes.
    runtime_builder& receive_buffers(const buffer_options& buffers);
    /// Does without a kernel feature.
    runtime_builder& disable(feature which);

    /// Starts the shards. \return the runtime, or an error whose sentence names cause and cure:
    /// errc::invalid_option for a value out of range, errc::io_uring_unavailable,
    /// std::errc::not_enough_memory (nothing is left behind), or the kernel's.
    /// Thread: any but a shard's own.
    [[nodiscard]] std::expected<runtime, error> build() const;
    /// The same on another kernel, for tests. `entry` outlives the runtime.
    [[nodiscard]] std::expected<runtime, error> build_on(kernel& entry) const;

private:
    [[nodiscard]] std::expected<runtime_settings, error> checked() const;

    runtime_settings settings_;
    bool shards_given_ = false;
    bool cq_given_ = false;
    bool spin_given_ = false;
};

}  // namespace spargio
