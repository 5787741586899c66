#pragma once

#include <cstddef>
#include <vector>

#include "spargio/io/descriptor.hpp"

namespace spargio {

/// The most descriptors one message carries. Source: unix(7), SCM_MAX_FD.
inline constexpr std::size_t most_passed_descriptors = 253;

/// What came with a read that takes descriptors.
struct received_with_descriptors {
    std::size_t size = 0;                 ///< bytes; of a stream, 0 without descriptors is its end
    std::vector<descriptor> descriptors;  ///< closed on exec, in the order they were sent
    bool truncated = false;         ///< bytes of a datagram did not fit the buffer (MSG_TRUNC)
    bool descriptors_lost = false;  ///< more came than were asked for, or than this process may
                                    ///< have open; the kernel has closed them (MSG_CTRUNC)
};

}  // namespace spargio
