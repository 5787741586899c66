#pragma once

namespace spargio {

/// How shards look for each other's work.
struct steal_options {
    enum class queue : unsigned char { lock_free, mutex };
    queue backend = queue::lock_free;  ///< mutex: for comparison
    unsigned probe_count = 4;          ///< victims looked at in one go; the one with most loses
    unsigned victim_stride = 1;        ///< from one victim to the next, in shards
    unsigned batch_size = 16;          ///< items taken from one victim at most, and never over half
    unsigned locality_margin = 0;      ///< items a victim keeps: only what exceeds them is stolen
    unsigned item_worth_ns = 500;  ///< smaller items, by a running mean, stay: a theft costs more
    unsigned worth_ns = 4000;      ///< and so does a queue with less work than this
    /// The same, if it is more, for a thief whose CPU others want, too, and a victim whose CPU they
    /// do not; 0: that does not count.
    unsigned contended_worth_ns = 30'000;
    unsigned budget = 16;      ///< of one search: a probe costs 1
    unsigned fail_cost = 4;    ///< what a theft costs that found the items gone
    unsigned backoff_min = 2;  ///< looks of a spin before its next search, doubled in vain
    unsigned backoff_max = 16;
    unsigned wake_delay_ns = 5000;  ///< how long work lies about before a sleeper is woken for it
    unsigned capacity = 1024;       ///< of each stealable queue; a power of two
};

}  // namespace spargio
