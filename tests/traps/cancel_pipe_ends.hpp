#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cancel_case.hpp"
#include "spargio/io/duplex_pipe.hpp"
#include "spargio/io/transfer.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace spargio::trap_test {

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// An end to be tested, and its peer; what does not fit waits.
class pipe_ends : public cancel_subject {
protected:
    explicit pipe_ends(std::size_t capacity) : pipe_ends(duplex_pipe(capacity)) {}

    /// From now on `text` comes from the peer, which then ends.
    void peer_sends(std::string text) {
        helper_.emplace(
            value_or_throw(this_shard::spawn([text = std::move(text), this]() -> task<std::string> {
                EXPECT_TRUE(co_await write_all(peer_, bytes_of(text)));
                EXPECT_TRUE(co_await peer_.shutdown(shutdown_how::write));
                co_return text;
            })));
    }
    /// From now on the peer takes everything.
    void peer_reads() {
        helper_.emplace(value_or_throw(this_shard::spawn([this]() -> task<std::string> {
            std::vector<std::byte> all;
            EXPECT_TRUE(co_await read_to_end(peer_, all, 10'000));
            co_return std::string(reinterpret_cast<const char*>(all.data()), all.size());
        })));
    }
    /// What the peer sent or read.
    task<std::string> of_peer() {
        EXPECT_TRUE(co_await end_.shutdown(shutdown_how::write));
        co_return co_await std::move(*helper_);
    }
    /// What can still be read.
    task<std::string> rest(auto& stream) {
        std::vector<std::byte> all;
        EXPECT_TRUE(co_await read_to_end(stream, all, 10'000));
        co_return std::string(reinterpret_cast<const char*>(all.data()), all.size());
    }

    duplex_end end_;
    duplex_end peer_;

private:
    explicit pipe_ends(std::pair<duplex_end, duplex_end> ends)
        : end_(std::move(ends.first)), peer_(std::move(ends.second)) {}

    std::optional<join_handle<std::string>> helper_;
};

}  // namespace spargio::trap_test
