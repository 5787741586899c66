#pragma once

#include "spargio/ring/feature.hpp"
#include "spargio/ring/kernel.hpp"

namespace spargio {

/// Which features of streams this kernel has, found out on a ring of its own by doing what they
/// are for and comparing what comes out: a mode that moves wrong bytes is one the kernel has not.
/// Of the system's kernel once a process. Thread: any.
[[nodiscard]] feature_set find_stream_features(kernel& entry) noexcept;

}  // namespace spargio
