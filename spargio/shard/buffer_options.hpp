#pragma once

namespace spargio {

/// The buffers of one shard, for what streams receive into. They take no memory before the first
/// stream is opened, and no more ever after.
struct buffer_options {
    unsigned count = 512;  ///< 4 to 32,768
    unsigned size = 8192;  ///< bytes of each: 256 to 1,048,576
};

}  // namespace spargio
