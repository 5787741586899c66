#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"

#include "operation.hpp"
#include "partition.hpp"

namespace keyed_router {

/// The requests that were read from one connection together. Each becomes one operation or more;
/// those of one owner go there in one call, all owners at once, and the replies come back in the
/// order of the requests.
///
/// Operations of one owner are performed in their order, so requests for one key keep it, and what
/// counts or clears all keys stands everywhere between the same requests. Nothing else is promised
/// between keys of different shards.
/// Thread: the connection's task; run() lends one owner its operations and replies at a time.
/// Limit: `most_requests`; an owner stops for the time being when `reply_bytes` of its replies are
/// not taken yet, so replies take shards x reply_bytes and one reply a shard at most.
class batch {
public:
    /// What a request's reply is made of.
    enum class combine : std::uint8_t {
        copy,        // the one operation's reply
        array,       // all replies, as elements
        sum,         // the sum of the numbers
        all_stored,  // OK if every number is 1
        all_done,    // OK
    };

    static constexpr std::size_t most_requests = 512;

    batch(keyspace& keys, unsigned home, std::size_t reply_bytes);

    [[nodiscard]] auto empty() const -> bool { return requests_.empty(); }
    [[nodiscard]] auto has_room() const -> bool {
        return requests_.size() < most_requests && groups_.back().replies.size() < reply_bytes_;
    }

    /// Begins a request; its operations follow.
    void begin(combine how) {
        requests_.push_back({how, 0});
        copies_only_ = copies_only_ && how == combine::copy;
    }
    /// Adds one for the owner of its key.
    void add(operation step) { add_for(keys_.owner(step.key), step); }
    /// Adds one for every shard.
    void add_everywhere(operation step);
    /// A whole request, answered by what `write(std::string&)` appends.
    template <class Write>
    void answer(Write write) {
        std::string& replies = groups_.back().replies;
        const std::size_t before = replies.size();
        write(replies);
        begin(combine::copy);
        add_for(keys_.shards(), {.done = true, .reply_size = replies.size() - before});
    }

    /// Performs what can be performed. Error: errc::shut_down.
    auto run() -> spargio::task<spargio::result<void>>;
    /// Moves replies to `out`, in order, until one is missing or `out` is long.
    /// \return whether that was the last.
    auto take_replies(std::string& out) -> bool;
    /// Makes it empty. \pre take_replies() said so
    void clear();

private:
    static constexpr std::uint32_t none = UINT32_MAX;

    struct request {
        combine how;
        std::uint32_t operations;
    };
    /// What one owner is to do, and its replies.
    struct alignas(64) group {
        std::uint32_t first = none;  // not done yet
        std::uint32_t last = none;
        std::string replies;
        std::size_t taken = 0;
    };

    void add_for(unsigned owner, const operation& step);
    void run_group(unsigned owner);
    auto run_on(unsigned owner) -> spargio::task<>;
    auto take_request(const request& asked, std::string& out) -> bool;
    auto take_whole_group(std::string& out) -> bool;
    void drop_taken();

    keyspace& keys_;
    const unsigned home_;
    const std::size_t reply_bytes_;
    std::vector<request> requests_;
    std::vector<operation> operations_;
    std::vector<group> groups_;  // one a shard, and the connection's own
    std::vector<unsigned> to_run_;
    std::error_code refused_;
    // One group has all replies as they are to be sent.
    bool copies_only_ = true;
    std::uint32_t sole_owner_ = none;
    bool one_owner_ = true;

    // What was taken so far.
    std::size_t next_request_ = 0;
    std::size_t next_operation_ = 0;
    std::uint32_t taken_of_request_ = 0;
    bool begun_ = false;  // the header of a request's array was taken
    std::int64_t sum_ = 0;
};

}  // namespace keyed_router
