#pragma once

#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "spargio/runtime/runtime.hpp"

namespace spargio {

namespace detail {
/// \throws std::system_error whose what() is the sentence of a failed build().
[[nodiscard]] runtime build_or_throw(const runtime_builder& builder);
/// Prints that a program did not do its work, and why. \return its exit status.
int report_failure(int argc, char** argv, const char* what, const char* why) noexcept;
}  // namespace detail

/// Builds a runtime, runs `entry` (a callable that returns a task) on its shard 0, shuts the
/// runtime down and returns the task's value. \throws what the task throws; std::system_error with
/// the reason when the runtime cannot start. Thread: the calling thread is blocked meanwhile. \pre
/// it is no shard
template <class Entry>
auto run_with(const runtime_builder& builder, Entry entry) {
    runtime own = detail::build_or_throw(builder);
    return own.block_on(std::move(entry));
}

/// The same with default settings.
template <class Entry>
auto run(Entry entry) {
    return run_with(runtime_builder(), std::move(entry));
}

/// The same on shard `shard`, where `entry` is called and its task stays.
template <class Entry>
auto run_local_on(const runtime_builder& builder, unsigned shard, Entry entry) {
    runtime own = detail::build_or_throw(builder);
    return own.block_on(shard, std::move(entry));
}

/// A main function: `entry` gets the arguments after the program's name and its value is the exit
/// status. `configure` may change the settings first. When the runtime cannot start, or an
/// exception leaves `entry`, one line on standard error says why, and the status is 1.
template <class Entry>
int run_main(int argc, char** argv, Entry entry,
             const std::function<void(runtime_builder&)>& configure = {}) {
    runtime_builder builder;
    if (configure)
        configure(builder);
    auto built = builder.build();
    if (!built)
        return detail::report_failure(argc, argv, "cannot start", built.error().message.c_str());
    std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    try {
        return built->block_on([&] { return entry(std::move(arguments)); });
    } catch (const std::exception& thrown) {
        return detail::report_failure(argc, argv, "failed", thrown.what());
    }
}

}  // namespace spargio
