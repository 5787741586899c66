#include "companions/signal/signal_stream.hpp"

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "spargio/ring/ops/read.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio::signal {
namespace {

/// Whether every thread of this process blocks all of `bits` (bit n - 1 for signal n). Errors:
/// too_many_files_open, not_enough_memory. Source: the SigBlk line of /proc/self/task/TID/status,
/// proc(5).
result<bool> blocked_everywhere(std::uint64_t bits) {
    std::error_code error;
    const std::filesystem::directory_iterator threads("/proc/self/task", error);
    // Without that file system nobody can look.
    if (error && error != std::errc::no_such_file_or_directory)
        return failure(error);
    for (const auto& thread : threads) {
        errno = 0;
        std::ifstream status(thread.path() / "status");
        // A thread may have ended since; what cannot be opened for want of anything has not.
        if (!status && errno != ENOENT && errno != ESRCH)
            return failure(errno);
        constexpr std::string_view field = "SigBlk:";
        for (std::string line; std::getline(status, line);) {
            if (!line.starts_with(field))
                continue;
            const std::uint64_t blocked = std::stoull(line.substr(field.size()), nullptr, 16);
            if ((blocked & bits) != bits)
                return false;
        }
    }
    return true;
}

}  // namespace

result<signal_stream> signal_stream::open(std::vector<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    std::uint64_t bits = 0;
    for (int number : signals) {
        if (sigaddset(&set, number) < 0)
            return failure(errno);
        bits |= std::uint64_t{1} << (number - 1);
    }
    const auto blocked = blocked_everywhere(bits);
    if (!blocked)
        return failure(blocked.error());
    if (!*blocked)
        return failure(make_error_code(errc::signals_not_blocked));
    descriptor arrivals(::signalfd(-1, &set, SFD_CLOEXEC));
    if (!arrivals)
        return failure(errno);
    return signal_stream(std::move(arrivals));
}

task<result<int>> signal_stream::next() {
    ::signalfd_siginfo arrival{};
    const auto read = co_await detail::await_operation<read_operation>(
        detail::decode_count(), nullptr, arrivals_.get(),
        std::as_writable_bytes(std::span(&arrival, 1)), std::uint64_t{0});
    if (!read)
        co_return failure(read.error());
    co_return static_cast<int>(arrival.ssi_signo);
}

}  // namespace spargio::signal
