// Small files that are kept while they do not change, on the simulated kernel.

#include "companions/dns/detail/local_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <span>
#include <string_view>

#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/testing/simulated_kernel.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio::dns_test {
namespace {

using dns::detail::local_file;
using testing::request_kind;
using testing::scripted_outcome;
using text_or_error = result<std::shared_ptr<const std::string>>;

constexpr auto path = "/tmp/hosts";

class LocalFile : public ::testing::Test {
protected:
    void put(std::string_view text) { kernel_.put_file(path, std::as_bytes(std::span(text))); }

    text_or_error text() {
        return own_.block_on([this] { return file_.text(); });
    }
    /// The same, stopped while it waits for what `script` holds back.
    text_or_error stopped_text(request_kind held) {
        kernel_.script({.kind = held,
                        .descriptor = file_of(held),
                        .delay_ns = scripted_outcome::until_cancelled});
        return own_.block_on([this]() -> task<text_or_error> {
            auto reading = value_or_throw(this_shard::spawn(file_.text()));
            value_or_throw(co_await sleep_for(std::chrono::milliseconds(1)));
            EXPECT_FALSE(reading.is_done());
            reading.request_stop();
            co_return co_await std::move(reading);
        });
    }
    /// The number the file will have; others are read from, too.
    int file_of(request_kind kind) {
        if (kind == request_kind::open)
            return scripted_outcome::any_descriptor;
        const int next = kernel_.open(path, O_RDONLY);
        kernel_.close(next);
        return next;
    }

    testing::simulated_kernel kernel_{
        {.seed = testing::process_seed(), .race = testing::cancel_race::cancel_wins}};
    // What is held back goes through the ring.
    runtime own_ =
        *runtime_builder().shards(1).spin_us(0).disable(feature::attempt_first).build_on(kernel_);
    local_file file_{path};
};

TEST_F(LocalFile, IsReadAgainWhenItHasChangedOnly) {
    put("one");
    const auto first = *text();
    EXPECT_EQ(*first, "one");
    EXPECT_EQ(*text(), first) << "the same memory";
    put("another");
    EXPECT_EQ(**text(), "another");
}

TEST_F(LocalFile, WhatCannotBeOpenedIsEmptyAndNotKept) {
    EXPECT_EQ(**text(), "");
    put("text");
    kernel_.script({.kind = request_kind::open, .result = -EACCES});
    EXPECT_EQ(**text(), "");
    EXPECT_EQ(**text(), "text");
}

TEST_F(LocalFile, AnErrorAfterThatIsTold) {
    put("text");
    for (const auto kind : {request_kind::file_status, request_kind::read}) {
        kernel_.script({.kind = kind, .descriptor = file_of(kind), .result = -EIO});
        EXPECT_EQ(text().error(), std::errc::io_error);
    }
    EXPECT_EQ(**text(), "text");
}

/// An empty file would make another answer of it.
TEST_F(LocalFile, AStopIsToldWhereverItComes) {
    put("text");
    for (const auto kind : {request_kind::open, request_kind::file_status, request_kind::read})
        EXPECT_EQ(stopped_text(kind).error(), std::errc::operation_canceled);
    EXPECT_EQ(**text(), "text");
}

}  // namespace
}  // namespace spargio::dns_test
