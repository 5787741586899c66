#include "batch.hpp"

#include <algorithm>

#include "spargio/core/when_all.hpp"
#include "spargio/runtime/call_on.hpp"

#include "reply.hpp"

namespace keyed_router {
namespace {

/// Memory that one long request needed is not kept for the next.
template <class Container>
void forget(Container& used, std::size_t most_kept) {
    if (used.capacity() > most_kept) {
        Container().swap(used);
    } else {
        used.clear();
    }
}

}  // namespace

batch::batch(keyspace& keys, unsigned home, std::size_t reply_bytes)
    : keys_(keys), home_(home), reply_bytes_(reply_bytes), groups_(keys.shards() + 1) {}

void batch::add_for(unsigned owner, const operation& step) {
    const auto number = static_cast<std::uint32_t>(operations_.size());
    operation& added = operations_.emplace_back(step);
    added.owner = owner;
    added.next = none;
    ++requests_.back().operations;
    one_owner_ = one_owner_ && (number == 0 || owner == sole_owner_);
    sole_owner_ = owner;
    if (added.done) {
        return;
    }
    group& of_owner = groups_[owner];
    if (of_owner.first == none) {
        of_owner.first = number;
    } else {
        operations_[of_owner.last].next = number;
    }
    of_owner.last = number;
}

void batch::add_everywhere(operation step) {
    for (unsigned shard = 0; shard < keys_.shards(); ++shard) {
        add_for(shard, step);
    }
}

auto batch::run() -> spargio::task<spargio::result<void>> {
    to_run_.clear();
    for (unsigned owner = 0; owner < keys_.shards(); ++owner) {
        if (groups_[owner].first != none && owner != home_) {
            to_run_.push_back(owner);
        }
    }
    // Its own last: the others work meanwhile.
    if (groups_[home_].first != none) {
        to_run_.push_back(home_);
    }
    if (to_run_.size() == 1) {
        co_await run_on(to_run_.front());
    } else if (to_run_.size() == 2) {
        co_await spargio::when_all(run_on(to_run_.front()), run_on(to_run_.back()));
    } else if (!to_run_.empty()) {
        std::vector<spargio::task<>> all;
        all.reserve(to_run_.size());
        for (const unsigned owner : to_run_) {
            all.push_back(run_on(owner));
        }
        co_await spargio::when_all(std::move(all));
    }
    if (refused_) {
        co_return std::unexpected(refused_);
    }
    co_return spargio::result<void>{};
}

auto batch::run_on(unsigned owner) -> spargio::task<> {
    auto called = co_await spargio::call_on(owner, [this, owner] { run_group(owner); });
    if (!called) {
        refused_ = called.error();
    }
}

/// On the owner's thread, where all that it touches is this call's alone.
void batch::run_group(unsigned owner) {
    group& own = groups_[owner];
    partition& keys = keys_.of(owner);
    const std::int64_t now = clock_ms();
    while (own.first != none && own.replies.size() < reply_bytes_) {
        operation& step = operations_[own.first];
        const std::size_t before = own.replies.size();
        perform(step, keys.keys(), now, own.replies);
        step.reply_size = own.replies.size() - before;
        step.done = true;
        own.first = step.next;
    }
    keys.keep_swept();
}

auto batch::take_replies(std::string& out) -> bool {
    if (take_whole_group(out)) {
        return true;
    }
    while (next_request_ < requests_.size()) {
        if (out.size() >= reply_bytes_ || !take_request(requests_[next_request_], out)) {
            drop_taken();
            return false;
        }
        ++next_request_;
        taken_of_request_ = 0;
        begun_ = false;
        sum_ = 0;
    }
    return true;
}

/// What most batches of a client that uses one key, or of a server with one shard, come to.
auto batch::take_whole_group(std::string& out) -> bool {
    if (!copies_only_ || !one_owner_ || next_request_ != 0 || !out.empty() ||
        groups_[sole_owner_].first != none) {
        return false;
    }
    out.swap(groups_[sole_owner_].replies);
    next_request_ = requests_.size();
    return true;
}

/// False: not all of it is there, or `out` is long.
auto batch::take_request(const request& asked, std::string& out) -> bool {
    if (asked.how == combine::array && !begun_) {
        reply::array(out, asked.operations);
    }
    begun_ = true;
    for (; taken_of_request_ < asked.operations; ++taken_of_request_, ++next_operation_) {
        const operation& step = operations_[next_operation_];
        if (!step.done || out.size() >= reply_bytes_) {
            return false;
        }
        group& from = groups_[step.owner];
        out.append(from.replies, from.taken, step.reply_size);
        from.taken += step.reply_size;
        sum_ += step.number;
    }
    switch (asked.how) {
    case combine::copy:
    case combine::array:
        break;
    case combine::sum:
        reply::integer(out, sum_);
        break;
    case combine::all_stored:
        if (sum_ != asked.operations) {
            reply::error(out, out_of_memory);
            break;
        }
        [[fallthrough]];
    case combine::all_done:
        reply::simple(out, "OK");
        break;
    }
    return true;
}

void batch::drop_taken() {
    for (group& each : groups_) {
        each.replies.erase(0, each.taken);
        each.taken = 0;
    }
}

void batch::clear() {
    constexpr std::size_t most_kept_bytes = 64 * 1024;
    for (group& each : groups_) {
        forget(each.replies, most_kept_bytes);
        each.taken = 0;
    }
    requests_.clear();
    forget(operations_, 4 * most_requests);
    copies_only_ = true;
    one_owner_ = true;
    next_request_ = 0;
    next_operation_ = 0;
}

}  // namespace keyed_router
