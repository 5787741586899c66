#include "bench/asio/context_thread.hpp"
#include "bench/asio/scenarios.hpp"
#include "bench/common/file_blocks.hpp"

#ifdef BOOST_ASIO_HAS_IO_URING
#include <boost/asio/random_access_file.hpp>
#include <boost/asio/read_at.hpp>
#else
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#endif

namespace bench::asio_peer {
namespace {

#ifdef BOOST_ASIO_HAS_IO_URING

constexpr std::string_view waits = "blocks in io_uring; asio::random_access_file";
constexpr std::string_view pins = "one io_context and thread on CPU 0";

class block_file {
public:
    block_file(executor home, const surroundings& s) : file_(home, open_blocks(s.file)) {}
    auto read(std::uint64_t offset, block& to) -> awaitable<std::size_t> {
        return asio::async_read_at(file_, offset, asio::buffer(to), use_awaitable);
    }

private:
    asio::basic_random_access_file<executor> file_;
};

#else

constexpr std::string_view waits = "blocks in epoll; pread on a thread_pool of one thread";
constexpr std::string_view pins = "io_context thread and pool thread both on CPU 0";

/// Asio has no files without io_uring: a pread on a pool thread, the completion posted back. Both
/// threads on one CPU: on two, each read waits for two CPUs to wake up and takes longer.
class block_file {
public:
    block_file(executor /*home*/, const surroundings& s) : fd_(open_blocks(s.file)) {
        asio::post(pool_, [] { pin_to(client_cpu); });
    }
    block_file(const block_file&) = delete;
    auto operator=(const block_file&) -> block_file& = delete;
    ~block_file() {
        pool_.join();
        ::close(fd_);
    }

    auto read(std::uint64_t offset, block& to) -> awaitable<std::size_t> {
        return asio::async_initiate<const asio::use_awaitable_t<executor>, void(std::size_t)>(
            [this](auto handler, std::uint64_t at, block* buffer) {
                asio::post(pool_, [this, handler = std::move(handler), at, buffer]() mutable {
                    const ssize_t n =
                        ::pread(fd_, buffer->data(), buffer->size(), static_cast<off_t>(at));
                    const auto got = static_cast<std::size_t>(n < 0 ? 0 : n);
                    const auto home = asio::get_associated_executor(handler);
                    asio::post(home, [handler = std::move(handler), got]() mutable {
                        std::move(handler)(got);
                    });
                });
            },
            use_awaitable, offset, &to);
    }

private:
    asio::thread_pool pool_{1};
    int fd_;
};

#endif

class fs_read final : public scenario {
public:
    explicit fs_read(const surroundings& s) : file_(client_.get_executor(), s) {}
    void run(recorder& r) override { client_.run(sample(r)); }

private:
    auto sample(recorder& r) -> awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            block_walk walk;
            r.begin();
            for (std::uint64_t i = 0; i < r.items(); ++i) {
                const std::size_t got = co_await file_.read(block_walk::offset(i), block_);
                if (got != block_.size())
                    throw std::runtime_error("short read");
                walk.fold(i, block_);
                r.lap();
            }
            r.end(walk.sum());
        }
    }

    context_thread client_{client_cpu};
    block_file file_;
    block block_{};
};

}  // namespace

auto fs_read_entries() -> std::vector<entry> {
    return {{"fs_read_rtt_4k", BENCH_ASIO_VARIANT, waits, pins, make_scenario<fs_read>}};
}

}  // namespace bench::asio_peer
