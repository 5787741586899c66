// Sleeps that can be moved, ticks, and what is built on streams, cancelled. The streams are pipes
// in memory of a few bytes.

#include <string>

#include "cancel_pipe_ends.hpp"
#include "spargio/io/buf_reader.hpp"
#include "spargio/io/buf_writer.hpp"
#include "spargio/io/framed.hpp"
#include "spargio/io/line_codec.hpp"
#include "spargio/time/boot_clock.hpp"
#include "spargio/time/interval.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio::trap_test {
namespace {

class awaiting_a_deadline final : public cancel_subject {
    task<result<void>> run() override { co_return co_await until_; }
    void let_end() override { until_.reset(std::chrono::microseconds(10)); }
    task<void> check(bool) override {
        EXPECT_TRUE(co_await until_);
        EXPECT_TRUE(until_.is_elapsed());
    }
    sleep until_{std::chrono::hours(1)};
};

template <bool waits>
class sleeping_by_the_boot_clock final : public cancel_subject {
    task<result<void>> run() override {
        co_return co_await sleep_until(
            boot_clock::now() + (waits ? std::chrono::hours(1) : std::chrono::nanoseconds(30'000)));
    }
    task<void> check(bool) override { co_return; }
};

template <bool waits>
class ticking final : public cancel_subject {
    task<result<void>> run() override {
        const auto tick = co_await interval_.tick();
        if (!tick)
            co_return failure(tick.error());
        co_return result<void>{};
    }
    task<void> check(bool cancelled) override {
        interval_.on_missed_ticks(missed_ticks::burst);
        if (!waits) {
            EXPECT_EQ(co_await interval_.tick(), cancelled ? first_ : first_ + period);
        }
    }
    static constexpr std::chrono::nanoseconds period{30'000};
    const clock::time_point first_ = now() + (waits ? std::chrono::hours(1) : period);
    interval interval_ = interval_at(first_, period);
};

class reading_a_lane final : public pipe_ends {
public:
    reading_a_lane() : pipe_ends(4) {}

private:
    task<result<void>> run() override {
        std::byte buffer[3];
        const auto count = co_await end_.read_some(buffer);
        if (!count)
            co_return failure(count.error());
        read_.assign(reinterpret_cast<const char*>(buffer), *count);
        co_return result<void>{};
    }
    void let_end() override { peer_sends("ten bytes!"); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(read_.empty(), cancelled);
        EXPECT_EQ(read_ + co_await rest(end_), "ten bytes!");
        co_await of_peer();
    }
    std::string read_;
};

class writing_a_lane final : public pipe_ends {
public:
    writing_a_lane() : pipe_ends(4) {}

private:
    task<result<void>> run() override {
        // The second one has to wait for room.
        for (const char* text : {"full", "more"}) {
            const auto count = co_await end_.write_some(bytes_of(text));
            if (!count)
                co_return failure(count.error());
            count_ += *count;
        }
        co_return result<void>{};
    }
    void let_end() override { peer_reads(); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(count_ <= 4, cancelled);
        EXPECT_EQ(co_await of_peer(), std::string_view("fullmore").substr(0, count_));
    }
    std::size_t count_ = 0;
};

class reading_a_line final : public pipe_ends {
public:
    reading_a_line() : pipe_ends(2) {}

private:
    task<result<void>> run() override {
        const auto line = co_await reader_.read_line();
        if (!line)
            co_return failure(line.error());
        read_ = **line;
        co_return result<void>{};
    }
    void let_end() override { peer_sends("a line\nand more"); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(read_, cancelled ? "" : "a line");
        EXPECT_EQ(co_await rest(reader_), cancelled ? "a line\nand more" : "and more");
        co_await of_peer();
    }
    buf_reader<duplex_end&> reader_{end_};
    std::string read_;
};

class flushing final : public pipe_ends {
public:
    flushing() : pipe_ends(2) {}

private:
    task<result<void>> run() override {
        if (writer_.buffered().empty())
            (void)value_or_throw(co_await writer_.write_some(bytes_of("buffered")));
        co_return co_await writer_.flush();
    }
    void let_end() override { peer_reads(); }
    task<void> check(bool cancelled) override {
        EXPECT_TRUE(cancelled || writer_.buffered().empty());
        const bool begun = !cancelled || !writer_.buffered().empty();
        EXPECT_TRUE(co_await writer_.flush());
        EXPECT_EQ(co_await of_peer(), begun ? "buffered" : "");
    }
    buf_writer<duplex_end&> writer_{end_};
};

class next_frame final : public pipe_ends {
public:
    next_frame() : pipe_ends(2) {}

private:
    task<result<void>> run() override {
        const auto frame = co_await frames_.next();
        if (!frame)
            co_return failure(frame.error());
        read_ = **frame;
        co_return result<void>{};
    }
    void let_end() override { peer_sends("first\nsecond"); }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(read_, cancelled ? "" : "first");
        if (cancelled) {
            EXPECT_EQ(**(co_await frames_.next()), "first");
        }
        EXPECT_EQ(**(co_await frames_.next()), "second");
        EXPECT_FALSE(*(co_await frames_.next()));
        co_await of_peer();
    }
    framed<duplex_end&, line_codec> frames_{end_};
    std::string read_;
};

class sending_a_frame final : public pipe_ends {
public:
    sending_a_frame() : pipe_ends(2) {}

private:
    task<result<void>> run() override {
        begun_ = true;
        co_return co_await frames_.send("a frame");
    }
    void let_end() override { peer_reads(); }
    task<void> check(bool cancelled) override {
        EXPECT_TRUE(cancelled || frames_.queued() == 0);
        EXPECT_TRUE(co_await frames_.flush());
        EXPECT_EQ(co_await of_peer(), begun_ ? "a frame\n" : "");
    }
    framed<duplex_end&, line_codec> frames_{end_};
    bool begun_ = false;
};

}  // namespace

const std::vector<cancel_case>& time_and_io_cases() {
    static const std::vector<cancel_case> cases = {
        {"deadline", made<awaiting_a_deadline>, made<awaiting_a_deadline>},
        {"boot_clock", made<sleeping_by_the_boot_clock<false>>,
         made<sleeping_by_the_boot_clock<true>>},
        {"tick", made<ticking<false>>, made<ticking<true>>},
        {"read_lane", made<reading_a_lane>, made<reading_a_lane>},
        {"write_lane", made<writing_a_lane>, made<writing_a_lane>},
        {"read_line", made<reading_a_line>, made<reading_a_line>},
        {"flush", made<flushing>, made<flushing>},
        {"next_frame", made<next_frame>, made<next_frame>},
        {"send_frame", made<sending_a_frame>, made<sending_a_frame>},
    };
    return cases;
}

}  // namespace spargio::trap_test
