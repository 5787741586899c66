#include "spargio/ring/closings.hpp"

namespace spargio::detail {

constinit std::uint32_t closings::counts_[most] = {};

}  // namespace spargio::detail
