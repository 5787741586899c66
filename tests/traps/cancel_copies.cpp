// What is built on streams from one end to the other, cancelled. The streams are pipes in memory of
// a few bytes.

#include <string>

#include "cancel_pipe_ends.hpp"
#include "spargio/io/buf_reader.hpp"
#include "spargio/io/copy.hpp"
#include "spargio/io/split.hpp"

namespace spargio::trap_test {
namespace {

constexpr std::string_view all_of_it = "all that is to be moved";

/// Reads in pieces of two bytes; what came is kept for the next call.
template <auto operation>
class reading_buffered final : public pipe_ends {
public:
    reading_buffered() : pipe_ends(2) {}

private:
    task<result<void>> run() override {
        const auto read = co_await operation(reader_);
        if (!read)
            co_return failure(read.error());
        read_ = *read;
        co_return result<void>{};
    }
    void let_end() override { peer_sends(std::string(all_of_it)); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(read_.empty(), cancelled);
        EXPECT_EQ(read_ + co_await rest(reader_), all_of_it);
        co_await of_peer();
    }
    buf_reader<duplex_end&> reader_{end_};
    std::string read_;
};

using buffered = buf_reader<duplex_end&>;

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// \return `view`, which is consumed
result<std::string> consumed(buffered& reader, const result<std::span<const std::byte>>& view) {
    if (!view)
        return failure(view.error());
    std::string text = text_of(*view);
    reader.consume(view->size());
    return text;
}

task<result<std::string>> fill_buf(buffered& reader) {
    co_return consumed(reader, co_await reader.fill_buf());
}
task<result<std::string>> fill(buffered& reader) {
    co_return consumed(reader, co_await reader.fill(9));
}
task<result<std::string>> read_until(buffered& reader) {
    const auto view = co_await reader.read_until(std::byte{'m'});
    if (!view)
        co_return failure(view.error());
    co_return text_of(*view);
}
task<result<std::string>> read_some(buffered& reader) {
    std::array<std::byte, 3> buffer;
    const auto count = co_await reader.read_some(buffer);
    if (!count)
        co_return failure(count.error());
    co_return text_of(std::span(buffer).first(*count));
}

/// What was read so far is there after a cancel.
class reading_to_end final : public pipe_ends {
public:
    reading_to_end() : pipe_ends(2) {}

private:
    task<result<void>> run() override {
        const auto count = co_await spargio::read_to_end(end_, read_, 1000);
        if (!count)
            co_return failure(count.error());
        EXPECT_EQ(*count, all_of_it.size());
        co_return result<void>{};
    }
    void let_end() override { peer_sends(std::string(all_of_it)); }
    task<void> check(bool cancelled) override {
        if (cancelled) {
            EXPECT_TRUE(co_await run_again());
        }
        EXPECT_EQ(text_of(read_), all_of_it);
        co_await of_peer();
    }
    task<result<std::size_t>> run_again() { return spargio::read_to_end(end_, read_, 1000); }
    std::vector<std::byte> read_;
};

/// From a peer that sends, to one that reads: two pipes.
class copying final : public pipe_ends {
public:
    copying() : pipe_ends(2), to_(duplex_pipe(1000)) {}

private:
    task<result<void>> run() override {
        const auto count = co_await spargio::copy(reader_, to_.first);
        if (!count)
            co_return failure(count.error());
        EXPECT_EQ(*count, all_of_it.size());
        co_return result<void>{};
    }
    void let_end() override { peer_sends(std::string(all_of_it)); }
    task<void> check(bool cancelled) override {
        // What a call did not come to, the next one does.
        if (cancelled) {
            EXPECT_TRUE(co_await spargio::copy(reader_, to_.first));
        }
        EXPECT_TRUE(co_await to_.first.shutdown(shutdown_how::write));
        EXPECT_EQ(co_await rest(to_.second), all_of_it);
        co_await of_peer();
    }
    buffered reader_{end_};
    std::pair<duplex_end, duplex_end> to_;
};

/// All but what was read at once, which is at most what a pipe of two bytes holds.
bool lacks_one_read(const std::string& arrived) {
    const std::size_t missing = all_of_it.size() - arrived.size();
    for (std::size_t at = 0; at <= arrived.size(); ++at) {
        if (arrived.substr(0, at) == all_of_it.substr(0, at) &&
            arrived.substr(at) == all_of_it.substr(at + missing))
            return missing <= 2;
    }
    return false;
}

/// Without a buffer that stays, what was read and not yet written is lost to a cancel, and nothing
/// else. It waits for bytes, or for room.
template <bool reads>
class copying_unbuffered final : public pipe_ends {
public:
    copying_unbuffered() : pipe_ends(2), to_(duplex_pipe(reads ? 1000 : 3)) {
        if (!reads)
            peer_sends(std::string(all_of_it));
    }

private:
    task<result<void>> run() override {
        const auto count = co_await spargio::copy(end_, to_.first, 5);
        if (!count)
            co_return failure(count.error());
        EXPECT_EQ(*count, all_of_it.size());
        co_return result<void>{};
    }
    void let_end() override {
        if (reads)
            peer_sends(std::string(all_of_it));
        taker_.emplace(value_or_throw(this_shard::spawn(rest(to_.second))));
    }
    task<void> check(bool cancelled) override {
        if (cancelled) {
            EXPECT_TRUE(co_await spargio::copy(end_, to_.first, 5));
        }
        EXPECT_TRUE(co_await to_.first.shutdown(shutdown_how::write));
        const std::string arrived = co_await std::move(*taker_);
        EXPECT_TRUE(arrived == all_of_it || (cancelled && lacks_one_read(arrived))) << arrived;
        co_await of_peer();
    }
    std::pair<duplex_end, duplex_end> to_;
    std::optional<join_handle<std::string>> taker_;
};

/// Only what was on its way may be missing, and both streams are usable all the same.
class copying_both_ways final : public pipe_ends {
public:
    copying_both_ways() : pipe_ends(2), to_(duplex_pipe(1000)) {}

private:
    task<result<void>> run() override {
        const auto counts = co_await copy_bidirectional(end_, to_.first);
        if (!counts)
            co_return failure(counts.error());
        EXPECT_EQ(counts->first, all_of_it.size());
        EXPECT_EQ(counts->second, 0u);
        co_return result<void>{};
    }
    void let_end() override {
        peer_sends(std::string(all_of_it));
        other_.emplace(value_or_throw(this_shard::spawn([](duplex_end& end) -> task<void> {
            EXPECT_TRUE(co_await end.shutdown(shutdown_how::write));
        }(to_.second))));
    }
    task<void> check(bool cancelled) override {
        co_await std::move(*other_);
        if (cancelled) {
            EXPECT_TRUE(co_await spargio::copy(end_, to_.first));
        }
        EXPECT_TRUE(co_await to_.first.shutdown(shutdown_how::write));
        const std::string arrived = co_await rest(to_.second);
        EXPECT_TRUE(arrived == all_of_it || (cancelled && lacks_one_read(arrived))) << arrived;
        co_await of_peer();
    }
    std::pair<duplex_end, duplex_end> to_;
    std::optional<join_handle<void>> other_;
};

/// One half waits for bytes, or for room, while the other one is there.
template <bool reads>
class using_a_half final : public cancel_subject {
public:
    using_a_half() : using_a_half(duplex_pipe(4)) {}

private:
    explicit using_a_half(std::pair<duplex_end, duplex_end> ends)
        : halves_(split(std::move(ends.first))), peer_(std::move(ends.second)) {}

    task<result<void>> run() override {
        auto operation = reads ? read() : write();
        const auto count = co_await std::move(operation);
        if (!count)
            co_return failure(count.error());
        moved_ = *count;
        co_return result<void>{};
    }
    task<result<std::size_t>> read() { co_return co_await halves_.first.read_some(buffer_); }
    /// The second one has to wait for room.
    task<result<std::size_t>> write() {
        while (filled_ != 4) {
            const auto count =
                co_await halves_.second.write_some(bytes_of("full").subspan(filled_));
            if (!count)
                co_return failure(count.error());
            filled_ += *count;
        }
        co_return co_await halves_.second.write_some(bytes_of("more"));
    }
    void let_end() override { helper_.emplace(value_or_throw(this_shard::spawn(help(*this)))); }
    static task<void> help(using_a_half& self) {
        if (reads) {
            EXPECT_TRUE(co_await write_all(self.peer_, bytes_of("ten bytes!")));
            EXPECT_TRUE(co_await self.peer_.shutdown(shutdown_how::write));
        } else {
            EXPECT_TRUE(co_await spargio::read_to_end(self.peer_, self.arrived_, 1000));
        }
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(moved_ == 0, cancelled);
        std::vector<std::byte> all(
            buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(reads ? moved_ : 0));
        if (reads) {
            EXPECT_TRUE(co_await spargio::read_to_end(halves_.first, all, 1000));
        }
        EXPECT_TRUE(co_await halves_.second.shutdown());
        co_await std::move(*helper_);
        if (reads) {
            EXPECT_EQ(text_of(all), "ten bytes!");
        } else {
            EXPECT_EQ(text_of(arrived_), std::string_view("fullmore").substr(0, filled_ + moved_));
        }
    }

    std::pair<read_half<duplex_end>, write_half<duplex_end>> halves_;
    duplex_end peer_;
    std::array<std::byte, 3> buffer_{};
    std::vector<std::byte> arrived_;
    std::size_t filled_ = 0;
    std::size_t moved_ = 0;
    std::optional<join_handle<void>> helper_;
};

template <class Subject>
cancel_case case_of(const char* name) {
    return {name, made<Subject>, made<Subject>};
}

}  // namespace

const std::vector<cancel_case>& copy_cases() {
    static const std::vector<cancel_case> cases = {
        case_of<reading_buffered<fill_buf>>("fill_buf"),
        case_of<reading_buffered<fill>>("fill"),
        case_of<reading_buffered<read_until>>("read_until"),
        case_of<reading_buffered<read_some>>("read_buffered"),
        case_of<reading_to_end>("read_to_end"),
        case_of<copying>("copy"),
        case_of<copying_unbuffered<true>>("copy_unbuffered"),
        case_of<copying_unbuffered<false>>("copy_unbuffered_to_full"),
        case_of<copying_both_ways>("copy_both_ways"),
        case_of<using_a_half<true>>("read_half"),
        case_of<using_a_half<false>>("write_half"),
    };
    return cases;
}

}  // namespace spargio::trap_test
