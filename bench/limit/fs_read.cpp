#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "bench/common/file_blocks.hpp"
#include "bench/common/pinned_thread.hpp"
#include "bench/limit/raw_ring.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

void check(ssize_t n) {
    if (n != static_cast<ssize_t>(block_walk::block_size))
        throw std::system_error(n < 0 ? errno : EIO, std::generic_category(), "read");
}

/// preadv2 with RWF_NOWAIT: what an event loop may call directly, because it answers EAGAIN
/// rather than wait for a disk. pread(2) is a little cheaper and would stop the loop on a miss,
/// as it does here on the few there are.
class nowait_reader {
public:
    explicit nowait_reader(int fd) : fd_(fd) {}
    void read(std::span<std::byte> to, std::uint64_t offset) const {
        iovec v{to.data(), to.size()};
        ssize_t n = ::preadv2(fd_, &v, 1, static_cast<off_t>(offset), RWF_NOWAIT);
        if (n < 0 && errno == EAGAIN)
            n = ::pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
        check(n);
    }

private:
    int fd_;
};

/// One submission queue entry and one enter a read.
class ring_reader {
public:
    explicit ring_reader(int fd) : fd_(fd) {}
    void read(std::span<std::byte> to, std::uint64_t offset) {
        io_uring_prep_read(ring_.sqe(), fd_, to.data(), static_cast<unsigned>(to.size()), offset);
        ring_.submit();
        if (ring_.ready() == 0)
            ring_.enter_for_one();
        const int n = ring_.take_result();
        errno = n < 0 ? -n : 0;
        check(n);
    }

private:
    raw_ring ring_;
    int fd_;
};

template <class Reader>
class fs_read final : public scenario {
public:
    explicit fs_read(const surroundings& s) : fd_(open_blocks(s.file)) {
        client_.run([this] { reader_.emplace(fd_); });
    }
    ~fs_read() override {
        client_.run([this] { reader_.reset(); });
        ::close(fd_);
    }

    void run(recorder& r) override {
        client_.run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k)
                iterate(r);
        });
    }

private:
    void iterate(recorder& r) {
        block_walk walk;
        r.begin();
        for (std::uint64_t i = 0; i < r.items(); ++i) {
            reader_->read(block_, block_walk::offset(i));
            walk.fold(i, block_);
            r.lap();
        }
        r.end(walk.sum());
    }

    int fd_;
    block block_{};
    std::optional<Reader> reader_;
    pinned_thread client_{client_cpu};
};

}  // namespace

auto fs_read_entries() -> std::vector<entry> {
    constexpr auto pins = "one thread on CPU 0";
    return {{"fs_read_rtt_4k", "limit", "neither: preadv2 with RWF_NOWAIT, answered at once", pins,
             make_scenario<fs_read<nowait_reader>>},
            {"fs_read_rtt_4k", "limit_ring",
             "neither: one SQE and one enter a read, answered at once", pins,
             make_scenario<fs_read<ring_reader>>}};
}

}  // namespace bench::limit
