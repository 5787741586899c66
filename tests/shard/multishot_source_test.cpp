// A source whose reader goes while its home looks at it.

#include "spargio/shard/multishot_source.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <utility>

#include "root.hpp"
#include "shard_threads.hpp"
#include "spargio/core/pause.hpp"
#include "spargio/ring/kernel.hpp"

namespace spargio {
namespace {

std::atomic<int> sources_freed = 0;

/// Never gets as far as to submit anything.
class silent_source final : public detail::multishot_source {
public:
    explicit silent_source(shard& home) : multishot_source(home) {}
    ~silent_source() override { ++sources_freed; }

private:
    void keep(const arrival&) noexcept override {}
    [[nodiscard]] bool has_kept() const noexcept override { return false; }
    [[nodiscard]] bool has_enough() const noexcept override { return false; }
    void drop_kept() noexcept override {}
    [[nodiscard]] multishot_operation* next_operation() noexcept override { return nullptr; }
};

/// A function that a shard calls while it services itself.
struct call : shard_test::action {
    explicit call(std::function<void()> function) : action(std::move(function)) {
        kind = detail::work_kind::request;
    }
};

TEST(MultishotSource, IsFreedOnceWhenItsReaderGoesWhileTheHomeLooks) {
    constexpr int rounds = 5'000;
    sources_freed = 0;
    shard_test::shard_threads shards(system_kernel(), 1, {});
    shard& home = shards[0];
    std::atomic<bool> held = false;
    std::atomic<bool> let_go = false;
    std::atomic<bool> looks = false;
    std::atomic<int> head_start = 0;
    call hold([&] {
        held = true;
        while (!let_go)
            detail::pause();
    });
    call before_it_looks([&] {
        const int pauses = head_start;
        looks = true;
        for (int pause = 0; pause != pauses; ++pause)
            detail::pause();
    });
    for (int round = 0; round != rounds; ++round) {
        auto* source = new silent_source(home);
        held = let_go = looks = false;
        head_start = round % 16;
        home.post(hold);
        while (!held)
            detail::pause();
        // In one service: the reader goes before the home looks at the source, after, or meanwhile.
        home.post(before_it_looks);
        source->request_end();
        let_go = true;
        while (!looks)
            detail::pause();
        source->abandon();
    }
    shards.end();
    EXPECT_EQ(sources_freed, rounds);
}

}  // namespace
}  // namespace spargio
