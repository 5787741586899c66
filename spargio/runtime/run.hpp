#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "spargio/runtime/runtime.hpp"

namespace spargio {

namespace detail {
/// \throws std::system_error whose what() is the sentence of a failed build().
[[nodiscard]] runtime build_or_throw(const runtime_builder& builder);
/// Prints why a program could not run. \return its exit status.
int report_failed_start(const char* program, const error& why) noexcept;
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
/// status. `configure` may change the settings first. When the runtime cannot start, one line on
/// standard error says why, and the status is 1.
template <class Entry>
int run_main(int argc, char** argv, Entry entry,
             const std::function<void(runtime_builder&)>& configure = {}) {
    runtime_builder builder;
    if (configure)
        configure(builder);
    auto built = builder.build();
    if (!built)
        return detail::report_failed_start(argc > 0 ? argv[0] : "spargio", built.error());
    std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    return built->block_on([&] { return entry(std::move(arguments)); });
}

}  // namespace spargio
