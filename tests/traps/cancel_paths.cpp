// Opening, and operations on paths, cancelled.

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "busy_worker.hpp"
#include "cancel_case.hpp"
#include "spargio/fs/path.hpp"

namespace spargio::trap_test {
namespace {

using std::filesystem::exists;

/// All of them run in a kernel worker.
class path_subject : public cancel_subject {
protected:
    explicit path_subject(bool waits) {
        if (waits)
            busy_.emplace(dir_ / "pipe");
    }
    task<void> check(bool cancelled) final {
        if (busy_)
            co_await busy_->let_go();
        check_now(cancelled);
    }
    virtual void check_now(bool cancelled) = 0;
    void put(const char* name) const { std::ofstream(dir_ / name) << name; }

    scratch_directory dir_;

private:
    std::optional<busy_worker> busy_;
};

template <bool waits>
class opening final : public path_subject {
public:
    opening() : path_subject(waits) {}

private:
    task<result<void>> run() override {
        auto opened =
            co_await fs::file::open(dir_ / "new", fs::open_options().write().create_new());
        if (!opened)
            co_return failure(opened.error());
        file_ = std::move(*opened);
        co_return result<void>{};
    }
    void check_now(bool cancelled) override {
        EXPECT_EQ(file_.has_value(), !cancelled);
        EXPECT_EQ(exists(dir_ / "new"), !cancelled);
    }
    std::optional<fs::file> file_;
};

/// Waits within the call itself, for somebody to read the pipe.
class opening_a_pipe final : public cancel_subject {
    task<result<void>> run() override {
        EXPECT_EQ(::mkfifo((dir_ / "pipe").c_str(), 0600), 0);
        auto opened = co_await fs::file::open(dir_ / "pipe", fs::open_options().write().create());
        if (!opened)
            co_return failure(opened.error());
        co_return result<void>{};
    }
    task<void> check(bool) override { co_return; }

    scratch_directory dir_;
};

template <bool waits>
class renaming final : public path_subject {
public:
    renaming() : path_subject(waits) { put("old"); }

private:
    task<result<void>> run() override { return fs::rename(dir_ / "old", dir_ / "new"); }
    void check_now(bool cancelled) override {
        EXPECT_EQ(exists(dir_ / "old"), cancelled);
        EXPECT_EQ(exists(dir_ / "new"), !cancelled);
    }
};

template <bool waits>
class unlinking final : public path_subject {
public:
    unlinking() : path_subject(waits) { put("old"); }

private:
    task<result<void>> run() override { return fs::remove_file(dir_ / "old"); }
    void check_now(bool cancelled) override { EXPECT_EQ(exists(dir_ / "old"), cancelled); }
};

template <bool waits>
class removing_directory final : public path_subject {
public:
    removing_directory() : path_subject(waits) { std::filesystem::create_directory(dir_ / "old"); }

private:
    task<result<void>> run() override { return fs::remove_dir(dir_ / "old"); }
    void check_now(bool cancelled) override { EXPECT_EQ(exists(dir_ / "old"), cancelled); }
};

template <bool waits>
class making_directory final : public path_subject {
public:
    making_directory() : path_subject(waits) {}

private:
    task<result<void>> run() override { return fs::create_dir(dir_ / "new"); }
    void check_now(bool cancelled) override { EXPECT_EQ(exists(dir_ / "new"), !cancelled); }
};

class syncing_directory final : public path_subject {
public:
    syncing_directory() : path_subject(false) {}

private:
    task<result<void>> run() override { return fs::sync_dir(dir_ / "."); }
    void check_now(bool) override {}
};

}  // namespace

const std::vector<cancel_case>& path_cases() {
    static const std::vector<cancel_case> cases = {
        {"open", made<opening<false>>, made<opening<true>>},
        {"open_pipe", made<opening<false>>, made<opening_a_pipe>},
        {"rename", made<renaming<false>>, made<renaming<true>>},
        {"unlink", made<unlinking<false>>, made<unlinking<true>>},
        {"rmdir", made<removing_directory<false>>, made<removing_directory<true>>},
        {"mkdir", made<making_directory<false>>, made<making_directory<true>>},
        {"sync_dir", made<syncing_directory>},
    };
    return cases;
}

}  // namespace spargio::trap_test
