#pragma once

#include "spargio/ring/feature.hpp"
#include "spargio/ring/kernel.hpp"

namespace spargio {

/// What a look for the features of streams has come to.
struct stream_findings {
    feature_set found;
    /// False: something could not be tried for want of descriptors or memory.
    bool all_tried = true;
};

/// Which features of streams this kernel has, found out on a ring of its own by doing what they
/// are for and comparing what comes out: a mode that moves wrong bytes is one the kernel has not.
/// Of the system's kernel once a process, but again as long as not all could be tried. Thread: any.
[[nodiscard]] stream_findings find_stream_features(kernel& entry) noexcept;

}  // namespace spargio
