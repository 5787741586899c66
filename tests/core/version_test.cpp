#include "spargio/core/version.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(Version, LinkedLibraryIsTheOneOfTheHeaders) {
    const std::string expected = std::to_string(SPARGIO_VERSION_MAJOR) + "." +
                                 std::to_string(SPARGIO_VERSION_MINOR) + "." +
                                 std::to_string(SPARGIO_VERSION_PATCH);
    EXPECT_EQ(expected, spargio::version());
}

}  // namespace
