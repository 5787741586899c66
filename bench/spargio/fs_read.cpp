#include <optional>

#include "bench/common/file_blocks.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/fs/file.hpp"

namespace bench::own {
namespace {

class fs_read final : public scenario {
public:
    explicit fs_read(const surroundings& s) { runtime_.block_on(open(s.file)); }
    ~fs_read() override { runtime_.block_on(close()); }

    void run(recorder& r) override { runtime_.block_on(sample(r)); }

private:
    auto open(std::string path) -> spargio::task<> {
        file_ = check(co_await spargio::fs::file::open(path, spargio::fs::open_options().read()));
    }

    auto close() -> spargio::task<> {
        file_.reset();
        co_return;
    }

    auto sample(recorder& r) -> spargio::task<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            block_walk walk;
            r.begin();
            for (std::uint64_t i = 0; i < r.items(); ++i) {
                check(co_await file_->read_exact_at(block_, block_walk::offset(i)));
                walk.fold(i, block_);
                r.lap();
            }
            r.end(walk.sum());
        }
    }

    spargio::runtime runtime_ = build_shards({client_cpu});
    std::optional<spargio::fs::file> file_;
    block block_{};
};

}  // namespace

auto fs_read_entries() -> std::vector<entry> {
    return {{"fs_read_rtt_4k", "spargio", waits, "one shard on CPU 0", make_scenario<fs_read>}};
}

}  // namespace bench::own
