#pragma once

#include <memory>
#include <vector>

#include "spargio/core/task.hpp"
#include "trap_steps.hpp"

namespace spargio::trap_test {

/// One operation, and the world it acts on. Made and used on a shard.
class cancel_subject {
public:
    cancel_subject() = default;
    cancel_subject(const cancel_subject&) = delete;
    virtual ~cancel_subject() = default;

    /// Does the operation once.
    virtual task<result<void>> run() = 0;
    /// An operation that waits can end from now on. Called at most once.
    virtual void let_end() {}
    /// Expects that nothing was done (`cancelled`), or everything. let_end() was called before.
    virtual task<void> check(bool cancelled) = 0;
};

struct cancel_case {
    using maker = std::unique_ptr<cancel_subject> (*)();

    const char* name;
    maker make;                    // one that ends by itself after let_end()
    maker make_waiting = nullptr;  // one that ends by nothing but a cancel, until let_end()
    bool always_done = false;      // a stop request makes no difference
};

template <class Subject>
std::unique_ptr<cancel_subject> made() {
    return std::make_unique<Subject>();
}

/// What those cases' runtimes are built with.
inline constexpr std::uint32_t hot_tag = 21;
inline constexpr std::uint32_t counted_tag = 22;
inline constexpr std::uint32_t hot_threshold = 100;

const std::vector<cancel_case>& stream_cases();
const std::vector<cancel_case>& connection_cases();
const std::vector<cancel_case>& socket_message_cases();
const std::vector<cancel_case>& datagram_cases();
const std::vector<cancel_case>& splice_cases();
const std::vector<cancel_case>& file_cases();
const std::vector<cancel_case>& path_cases();
const std::vector<cancel_case>& task_cases();
const std::vector<cancel_case>& boundary_cases();
const std::vector<cancel_case>& time_and_io_cases();
const std::vector<cancel_case>& copy_cases();
const std::vector<cancel_case>& sync_cases();
const std::vector<cancel_case>& call_cases();
const std::vector<cancel_case>& message_cases();
const std::vector<cancel_case>& multishot_cases();
const std::vector<cancel_case>& datagram_stream_cases();
const std::vector<cancel_case>& zero_copy_cases();
const std::vector<cancel_case>& name_cases();

}  // namespace spargio::trap_test
