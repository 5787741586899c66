#include "spargio/core/version.hpp"

#define SPARGIO_TEXT_OF(value) #value
#define SPARGIO_TEXT(a, b, c) SPARGIO_TEXT_OF(a) "." SPARGIO_TEXT_OF(b) "." SPARGIO_TEXT_OF(c)

namespace spargio {

auto version() noexcept -> const char* {
    return SPARGIO_TEXT(SPARGIO_VERSION_MAJOR, SPARGIO_VERSION_MINOR, SPARGIO_VERSION_PATCH);
}

}  // namespace spargio
