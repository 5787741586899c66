#include "spargio/runtime/runtime.hpp"

#include <cstdio>

#include "spargio/core/when_any.hpp"
#include "spargio/runtime/detail/drain_awaiter.hpp"
#include "spargio/runtime/detail/runtime_core.hpp"
#include "spargio/shard/sleep_awaiter.hpp"

namespace spargio {

runtime::~runtime() {
    if (core_ == nullptr || ended_)
        return;
    const shutdown_report report = shutdown_blocking();
    if (!report.clean())
        std::fprintf(stderr, "spargio: shutdown: %s\n", to_string(report).c_str());
}

std::string runtime::backend() const {
    return "io_uring (" + to_string(core_->shard_at(0).features()) + ")";
}

shutdown_report runtime::shutdown_blocking(std::chrono::nanoseconds deadline) {
    SPARGIO_ASSERT(detail::runtime_core::current() != core_.get());
    if (std::exchange(ended_, true))
        return report_;
    core_->begin_shutdown();
    const bool clean = core_->wait_until_empty(std::chrono::steady_clock::now() + deadline);
    if (!clean)
        report_.survivors = core_->survivors();
    core_->close_rings(clean);
    core_->join_threads(clean);
    return report_;
}

namespace {

task<void> drain(detail::runtime_core& core) {
    co_await detail::drain_awaiter(core);
}

task<void> wait_for(std::chrono::nanoseconds deadline) {
    using detail::sleep_awaiter;
    const auto ns = static_cast<std::uint64_t>(deadline.count() > 0 ? deadline.count() : 0);
    (void)co_await sleep_awaiter(sleep_awaiter::after{ns});
}

}  // namespace

task<shutdown_report> runtime::shutdown(std::chrono::nanoseconds deadline) {
    // A copy: the caller may let go of the runtime's other owners meanwhile.
    const std::shared_ptr<detail::runtime_core> core = core_;
    shutdown_report report;
    const auto first = co_await when_any(drain(*core), wait_for(deadline));
    if (first.index() != 0)
        report.survivors = core->survivors();
    co_return report;
}

}  // namespace spargio
