#include "spargio/fs/open_options.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <vector>

#include "fs_steps.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::fs_test {
namespace {

using fs::open_options;

struct row {
    const char* name;
    open_options options;
    int flags;  // -1: refused
};

open_options none() {
    return {};
}

const std::vector<row> rows = {
    {"read", none().read(), O_RDONLY},
    {"write", none().write(), O_WRONLY},
    {"append", none().append(), O_WRONLY | O_APPEND},
    {"read_write", none().read().write(), O_RDWR},
    {"read_append", none().read().append(), O_RDWR | O_APPEND},
    {"write_append", none().write().append(), O_WRONLY | O_APPEND},
    {"write_truncate", none().write().truncate(), O_WRONLY | O_TRUNC},
    {"write_create", none().write().create(), O_WRONLY | O_CREAT},
    {"append_create", none().append().create(), O_WRONLY | O_APPEND | O_CREAT},
    {"write_create_truncate", none().write().create().truncate(), O_WRONLY | O_CREAT | O_TRUNC},
    {"write_create_new", none().write().create_new(), O_WRONLY | O_CREAT | O_EXCL},
    {"both_creates", none().write().create().create_new(), O_WRONLY | O_CREAT | O_EXCL},
    {"append_create_new", none().append().create_new(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL},
    {"read_direct", none().read().direct(), O_RDONLY | O_DIRECT},
    {"mode_all", none().read().mode(07777), O_RDONLY},
    {"taken_back", none().read().write().append().write(false).append(false), O_RDONLY},
    {"nothing", none(), -1},
    {"direct_only", none().direct(), -1},
    {"truncate_only", none().truncate(), -1},
    {"create_only", none().create(), -1},
    {"create_new_only", none().create_new(), -1},
    {"read_truncate", none().read().truncate(), -1},
    {"read_create", none().read().create(), -1},
    {"read_create_new", none().read().create_new(), -1},
    {"append_truncate", none().append().truncate(), -1},
    {"write_append_truncate", none().write().append().truncate(), -1},
    {"mode_too_wide", none().read().mode(010000), -1},
};

class OpenOptions : public ::testing::TestWithParam<row> {};

TEST_P(OpenOptions, BecomeTheFlagsOfOpen) {
    const auto flags = GetParam().options.flags();
    if (GetParam().flags < 0) {
        ASSERT_FALSE(flags);
        EXPECT_EQ(flags.error(), errc::invalid_option);
    } else {
        ASSERT_TRUE(flags);
        EXPECT_EQ(*flags, GetParam().flags | O_CLOEXEC);
    }
}

task<void> open_what_is_not_there(open_options options) {
    // Were there a call, it would say that there is no such directory.
    const auto opened = co_await fs::file::open("/no-such-directory/file", options);
    EXPECT_FALSE(opened);
    if (options.flags()) {
        EXPECT_EQ(opened.error(), std::errc::no_such_file_or_directory);
    } else {
        EXPECT_EQ(opened.error(), errc::invalid_option);
    }
}

TEST_P(OpenOptions, ContradictionsAreRefusedBeforeAnyCall) {
    testing::simulated_kernel kernel;
    auto built = shards(1).build_on(kernel);
    ASSERT_TRUE(built);
    built->block_on(open_what_is_not_there(GetParam().options));
    EXPECT_EQ(kernel.requests(testing::request_kind::open), GetParam().flags < 0 ? 0u : 1u);
}

std::string name_of(const ::testing::TestParamInfo<row>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Table, OpenOptions, ::testing::ValuesIn(rows), name_of);

}  // namespace
}  // namespace spargio::fs_test
