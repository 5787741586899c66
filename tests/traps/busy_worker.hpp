#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>

#include "spargio/fs/file.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "trap_steps.hpp"

namespace spargio::trap_test {

/// Keeps a kernel worker busy: it opens a pipe with a name that nobody reads. With one worker,
/// whatever else needs one waits in the kernel. Wants to be let go before it is destroyed.
class busy_worker {
public:
    explicit busy_worker(std::filesystem::path pipe) : pipe_(std::move(pipe)) {
        EXPECT_EQ(::mkfifo(pipe_.c_str(), 0600), 0);
        // With create, the kernel opens in a worker, where it can wait.
        opening_.emplace(value_or_throw(
            this_shard::spawn(fs::file::open(pipe_, fs::open_options().write().create()))));
    }
    task<void> let_go() {
        const own_descriptor reader(::open(pipe_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        (void)value_or_throw(co_await std::move(*opening_));
    }

private:
    const std::filesystem::path pipe_;
    std::optional<join_handle<result<fs::file>>> opening_;
};

}  // namespace spargio::trap_test
