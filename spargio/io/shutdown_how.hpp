#pragma once

#include <cstdint>

namespace spargio {

/// Which directions of a connection a shutdown ends.
enum class shutdown_how : std::uint8_t { read, write, both };

}  // namespace spargio
