// Splices through a pipe, cancelled: bytes are at one end, in the pipe, or at the other.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>

#include "cancel_case.hpp"
#include "spargio/net/splice_pipe.hpp"
#include "spargio/net/unix_stream.hpp"

namespace spargio::trap_test {
namespace {

class splice_subject : public cancel_subject {
protected:
    splice_subject() : splice_subject(value_or_throw(unix_stream::pair())) {}

    /// What drain_to() says, kept.
    result<void> keep(const result<std::size_t>& count) {
        if (!count)
            return failure(count.error());
        moved_ = *count;
        return {};
    }
    /// What the pipe holds now.
    task<std::vector<std::byte>> take_out() {
        std::vector<std::byte> bytes(pipe_.held());
        fs::file file = fs::file::from_fd(::memfd_create("spargio", MFD_CLOEXEC));
        for (std::size_t at = 0; pipe_.held() != 0;)
            at += value_or_throw(co_await pipe_.drain_to(file, at));
        EXPECT_EQ(::pread(file.fd(), bytes.data(), bytes.size(), 0),
                  static_cast<ssize_t>(bytes.size()));
        co_return bytes;
    }

    const std::vector<std::byte> sent_ = pattern(3000);
    splice_pipe pipe_ = value_or_throw(splice_pipe::open());
    unix_stream here_;
    unix_stream there_;
    std::size_t moved_ = 0;

private:
    explicit splice_subject(std::pair<unix_stream, unix_stream> both)
        : here_(std::move(both.first)), there_(std::move(both.second)) {}
};

class filling final : public splice_subject {
    task<result<void>> run() override { co_return keep(co_await pipe_.fill_from(here_, 2000)); }
    void let_end() override {
        EXPECT_EQ(::send(there_.fd(), sent_.data(), sent_.size(), 0),
                  static_cast<ssize_t>(sent_.size()));
        ::shutdown(there_.fd(), SHUT_WR);
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(moved_ == 0, cancelled);
        EXPECT_EQ(pipe_.held(), moved_);
        std::vector<std::byte> all = co_await take_out();
        std::ranges::copy(read_to_end(here_.fd()), std::back_inserter(all));
        EXPECT_EQ(all, sent_) << "bytes were lost to a cancel";
    }
};

class draining final : public splice_subject {
public:
    draining() {
        // Nothing more fits: the operation has to wait.
        const auto filler = pattern(65'536);
        for (ssize_t count = 0; count >= 0;) {
            filled_ += static_cast<std::size_t>(count);
            count = ::send(here_.fd(), filler.data(), filler.size(), MSG_DONTWAIT);
        }
    }

private:
    task<result<void>> run() override {
        if (pipe_.held() == 0) {
            const fs::file file = fs::file::from_fd(::memfd_create("spargio", MFD_CLOEXEC));
            EXPECT_EQ(::write(file.fd(), sent_.data(), sent_.size()),
                      static_cast<ssize_t>(sent_.size()));
            const auto filled = co_await pipe_.fill_from(file, 0);
            if (!filled)
                co_return failure(filled.error());
            in_pipe_ = true;
        }
        co_return keep(co_await pipe_.drain_to(here_));
    }
    void let_end() override {
        std::vector<std::byte> drained(filled_);
        for (std::size_t at = 0; at < filled_;)
            at +=
                static_cast<std::size_t>(::recv(there_.fd(), drained.data() + at, filled_ - at, 0));
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(moved_ == 0, cancelled);
        EXPECT_EQ(moved_ + pipe_.held(), in_pipe_ ? sent_.size() : 0);
        std::vector<std::byte> all;
        ::shutdown(here_.fd(), SHUT_WR);
        all = read_to_end(there_.fd());
        EXPECT_EQ(all.size(), moved_);
        std::ranges::copy(co_await take_out(), std::back_inserter(all));
        if (in_pipe_) {
            EXPECT_EQ(all, sent_) << "bytes were lost to a cancel";
        }
    }
    std::size_t filled_ = 0;
    bool in_pipe_ = false;
};

}  // namespace

const std::vector<cancel_case>& splice_cases() {
    static const std::vector<cancel_case> cases = {
        {"fill_pipe", made<filling>, made<filling>},
        {"drain_pipe", made<draining>, made<draining>},
    };
    return cases;
}

}  // namespace spargio::trap_test
