#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spargio/core/when_all.hpp"
#include "spargio/io/duplex_pipe.hpp"
#include "spargio/io/transfer.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/testing/simulated_kernel.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::io_test {

using namespace std::chrono_literals;

/// Runs `scenario`, a callable that returns a task, on shard 0, under a clock that jumps.
template <class Scenario>
auto on_shards(unsigned count, Scenario scenario) {
    testing::simulated_kernel kernel;
    auto own = *runtime_builder().shards(count).ring_entries(16).build_on(kernel);
    return own.block_on(std::move(scenario));
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}
inline std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Bytes in which no two neighbourhoods are the same.
inline std::string pattern(std::size_t size, std::uint64_t seed = 1) {
    std::string bytes(size, ' ');
    testing::random_source random(seed);
    for (char& b : bytes)
        b = static_cast<char>(random.next());
    return bytes;
}

/// Something to await that is there already.
template <class T>
struct ready {
    T value;
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<> /*unused*/) const noexcept {}
    T await_resume() { return std::move(value); }
};

/// A stream that brings its bytes in the pieces it was given, and takes as many as it likes.
class scripted_stream {
public:
    scripted_stream() = default;
    explicit scripted_stream(std::deque<std::string> pieces) : pieces_(std::move(pieces)) {}

    ready<result<std::size_t>> read_some(std::span<std::byte> buffer) {
        ++reads;
        if (pieces_.empty()) {
            if (end)
                return {failure(end)};
            return {0};
        }
        std::string& piece = pieces_.front();
        const std::size_t count = std::min(buffer.size(), piece.size());
        std::ranges::copy(bytes_of(piece).first(count), buffer.begin());
        piece.erase(0, count);
        if (piece.empty())
            pieces_.pop_front();
        return {count};
    }
    ready<result<std::size_t>> write_some(std::span<const std::byte> buffer) {
        ++writes;
        if (written.size() >= fails_after || writes == most_writes)
            return {failure(EPIPE)};
        const std::size_t count = std::min({buffer.size(), most, fails_after - written.size()});
        written += text_of(buffer.first(count));
        return {count};
    }

    std::error_code end;  // answered at the end, if it is an error
    std::string written;
    std::size_t most = ~std::size_t{0};         // bytes a write
    std::size_t fails_after = ~std::size_t{0};  // bytes
    unsigned most_writes = 1'000'000;           // so that nobody writes for ever
    unsigned reads = 0;
    unsigned writes = 0;

private:
    std::deque<std::string> pieces_;
};

/// Calls `check(pieces)` for every way to cut `text` into pieces: 2^(size - 1).
inline void for_each_partition(const std::string& text,
                               const std::function<void(std::deque<std::string>)>& check) {
    for (std::size_t cuts = 0; cuts != std::size_t{1} << (text.size() - 1); ++cuts) {
        std::deque<std::string> pieces(1);
        for (std::size_t i = 0; i != text.size(); ++i) {
            pieces.back() += text[i];
            if (i + 1 != text.size() && (cuts >> i & 1) != 0)
                pieces.emplace_back();
        }
        check(std::move(pieces));
    }
}

inline std::deque<std::string> one_by_one(std::string_view text) {
    std::deque<std::string> pieces;
    for (const char c : text)
        pieces.emplace_back(1, c);
    return pieces;
}

inline std::deque<std::string> cut_at_random(std::string_view text, testing::random_source& random,
                                             std::size_t most) {
    std::deque<std::string> pieces;
    while (!text.empty()) {
        const std::size_t size = std::min<std::size_t>(text.size(), 1 + random.below(most));
        pieces.emplace_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    return pieces;
}

}  // namespace spargio::io_test
