#pragma once

// The one place that states the version: CMake and the packages read these three lines.
#define SPARGIO_VERSION_MAJOR 0
#define SPARGIO_VERSION_MINOR 1
#define SPARGIO_VERSION_PATCH 0

namespace spargio {

/// The version of the library that was linked, which may differ from the headers' macros when the
/// library is shared. Thread: any.
/// \return "major.minor.patch", a static string.
[[nodiscard]] auto version() noexcept -> const char*;

}  // namespace spargio
