// Operations on open files, cancelled.

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include "busy_worker.hpp"
#include "cancel_case.hpp"

namespace spargio::trap_test {
namespace {

const std::vector<std::byte>& content() {
    static const auto bytes = pattern(10'000, 3);
    return bytes;
}

class file_subject : public cancel_subject {
protected:
    file_subject() {
        std::ofstream(dir_ / "a", std::ios::binary)
            .write(reinterpret_cast<const char*>(content().data()),
                   static_cast<std::streamsize>(content().size()));
        file_ = fs::file::from_fd(::open((dir_ / "a").c_str(), O_RDWR | O_CLOEXEC));
    }
    [[nodiscard]] std::vector<std::byte> content_now() const {
        std::vector<std::byte> bytes(content().size() + 1);
        const auto count = ::pread(file_->fd(), bytes.data(), bytes.size(), 0);
        bytes.resize(static_cast<std::size_t>(count));
        return bytes;
    }

    scratch_directory dir_;
    std::optional<fs::file> file_;
};

class reading final : public file_subject {
    task<result<void>> run() override {
        const auto count = co_await file_->read_at(buffer_, 5000);
        if (!count)
            co_return failure(count.error());
        count_ = *count;
        co_return result<void>{};
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(count_, cancelled ? 0u : buffer_.size());
        EXPECT_TRUE(std::ranges::equal(std::span(buffer_).first(count_),
                                       std::span(content()).subspan(5000, count_)));
        co_return;
    }
    std::vector<std::byte> buffer_ = std::vector<std::byte>(3000);
    std::size_t count_ = 0;
};

class writing final : public file_subject {
    task<result<void>> run() override {
        const auto count = co_await file_->write_at(written_, 5000);
        if (!count)
            co_return failure(count.error());
        count_ = *count;
        co_return result<void>{};
    }
    task<void> check(bool cancelled) override {
        EXPECT_EQ(count_ == 0, cancelled);
        auto expected = content();
        std::copy_n(written_.begin(), count_, expected.begin() + 5000);
        EXPECT_EQ(content_now(), expected);
        co_return;
    }
    const std::vector<std::byte> written_ = pattern(3000, 4);
    std::size_t count_ = 0;
};

/// Those that may run in a kernel worker, and wait for one.
class worker_subject : public file_subject {
protected:
    explicit worker_subject(bool waits) {
        if (waits)
            busy_.emplace(dir_ / "pipe");
    }
    task<void> check(bool cancelled) final {
        if (busy_)
            co_await busy_->let_go();
        check_now(cancelled);
    }
    virtual void check_now(bool cancelled) = 0;

private:
    std::optional<busy_worker> busy_;
};

template <bool waits, bool data_only>
class syncing final : public worker_subject {
public:
    syncing() : worker_subject(waits) {}

private:
    task<result<void>> run() override {
        if (data_only)
            co_return co_await file_->fdatasync();
        co_return co_await file_->fsync();
    }
    void check_now(bool) override { EXPECT_EQ(content_now(), content()); }
};

template <bool waits>
class asking_size final : public worker_subject {
public:
    asking_size() : worker_subject(waits) {}

private:
    task<result<void>> run() override {
        const auto size = co_await file_->size();
        if (!size)
            co_return failure(size.error());
        size_ = *size;
        co_return result<void>{};
    }
    void check_now(bool cancelled) override { EXPECT_EQ(size_, cancelled ? 0u : content().size()); }
    std::uint64_t size_ = 0;
};

class closing final : public file_subject {
    task<result<void>> run() override {
        number_ = file_->fd();
        co_return co_await file_->close();
    }
    task<void> check(bool) override {
        EXPECT_EQ(::fcntl(number_, F_GETFD), -1) << "it is still open";
        co_return;
    }
    int number_ = -1;
};

}  // namespace

const std::vector<cancel_case>& file_cases() {
    static const std::vector<cancel_case> cases = {
        {"read", made<reading>},
        {"write", made<writing>},
        {"fsync", made<syncing<false, false>>, made<syncing<true, false>>},
        {"fdatasync", made<syncing<false, true>>, made<syncing<true, true>>},
        {"statx", made<asking_size<false>>, made<asking_size<true>>},
        {"close_file", made<closing>, nullptr, true},
    };
    return cases;
}

}  // namespace spargio::trap_test
