#include "spargio/runtime/runtime.hpp"

#include <cstdio>

#include "spargio/core/when_any.hpp"
#include "spargio/runtime/detail/despite_task_stop.hpp"
#include "spargio/runtime/detail/drain_awaiter.hpp"
#include "spargio/runtime/detail/runtime_core.hpp"
#include "spargio/runtime/this_task.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/shard/sleep_awaiter.hpp"

namespace spargio {

runtime::~runtime() {
    if (core_ == nullptr)
        return;
    SPARGIO_ASSERT(detail::runtime_core::current() != core_.get());
    const auto [report, first] = core_->shut_down(default_deadline);
    if (first && !report.clean())
        std::fprintf(stderr, "spargio: shutdown: %s\n", to_string(report).c_str());
}

std::string runtime::backend() const {
    return "io_uring (" + to_string(core_->shard_at(0).features()) + ")";
}

shutdown_report runtime::shutdown_blocking(time_span deadline) {
    SPARGIO_ASSERT(detail::runtime_core::current() != core_.get());
    return core_->shut_down(deadline).first;
}

namespace {

task<void> drain(detail::runtime_core& core, bool& drained) {
    drained = co_await detail::drain_awaiter(core);
}

task<void> wait_for(std::chrono::nanoseconds deadline) {
    using detail::sleep_awaiter;
    const auto ns = static_cast<std::uint64_t>(deadline.count() > 0 ? deadline.count() : 0);
    (void)co_await sleep_awaiter(sleep_awaiter::after{ns});
}

task<bool> drain_until(detail::runtime_core& core, std::chrono::nanoseconds deadline) {
    bool drained = false;
    co_await when_any(drain(core, drained), wait_for(deadline));
    co_return drained;
}

struct read_record {
    detail::task_record* operator()(const detail::task_env& env) const noexcept {
        return env.record;
    }
};

}  // namespace

task<shutdown_report> runtime::shutdown(time_span deadline) {
    // A copy: the caller may let go of the runtime's other owners meanwhile.
    const std::shared_ptr<detail::runtime_core> core = core_;
    shutdown_report report;
    bool drained = co_await detail::despite_task_stop(drain_until(*core, deadline));
    while (!drained) {
        report.survivors = core->others_alive(co_await detail::env_reader<read_record>());
        if (!report.survivors.empty())
            break;
        // Who was admitted starts now and is listed then, or has just ended. Others have their turn
        // also where this wait was asked to end.
        co_await yield();
        const std::chrono::milliseconds moment(1);
        drained = co_await detail::despite_task_stop(drain_until(*core, moment));
    }
    co_return report;
}

}  // namespace spargio
