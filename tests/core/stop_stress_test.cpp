// Threads that register, end and request at once. What they check is little; what matters is that
// thread and address sanitizer watch. The interleavings themselves are searched by
// tests/model/stop_source.pml.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "spargio/core/stop_token.hpp"

namespace spargio {
namespace {

constexpr int rounds = 1000;

/// Its callback writes plain memory: ending the registration must order that.
struct watcher {
    struct count_call {
        watcher* self;
        void operator()() const noexcept { ++self->calls; }
    };
    explicit watcher(stop_token token) : registered(std::in_place, token, count_call{this}) {}

    int calls = 0;
    std::optional<stop_callback<count_call>> registered;
};

TEST(StopStress, RegistrationsThatEndWhileTheRequestRuns) {
    constexpr int threads = 3;
    std::optional<stop_source> source;
    std::barrier start(threads + 1);
    std::barrier finish(threads + 1);
    std::vector<std::jthread> workers;
    for (int worker = 0; worker < threads; ++worker) {
        workers.emplace_back([&, worker] {
            std::minstd_rand random(static_cast<unsigned>(worker) + 1);
            for (int round = 0; round < rounds; ++round) {
                std::vector<std::unique_ptr<watcher>> mine;
                start.arrive_and_wait();
                for (int i = 0; i < 8; ++i) {
                    mine.push_back(std::make_unique<watcher>(source->get_token()));
                    if (random() % 2 == 0) {
                        watcher& ended = *mine[random() % mine.size()];
                        ended.registered.reset();
                        EXPECT_LE(ended.calls, 1);
                    }
                }
                for (auto& each : mine) {
                    each->registered.reset();
                    EXPECT_LE(each->calls, 1);
                }
                finish.arrive_and_wait();
            }
        });
    }
    for (int round = 0; round < rounds; ++round) {
        source.emplace();
        start.arrive_and_wait();
        EXPECT_TRUE(source->request_stop());
        finish.arrive_and_wait();
        source.reset();
    }
}

TEST(StopStress, OneOfManyRequestsIsTheFirst) {
    constexpr int threads = 4;
    std::optional<stop_source> source;
    std::atomic<int> firsts = 0;
    std::barrier start(threads + 1);
    std::barrier finish(threads + 1);
    std::vector<std::jthread> workers;
    for (int worker = 0; worker < threads; ++worker) {
        workers.emplace_back([&] {
            for (int round = 0; round < rounds; ++round) {
                start.arrive_and_wait();
                if (source->request_stop())
                    ++firsts;
                finish.arrive_and_wait();
            }
        });
    }
    for (int round = 0; round < rounds; ++round) {
        source.emplace();
        firsts = 0;
        watcher watched(source->get_token());
        start.arrive_and_wait();
        finish.arrive_and_wait();
        EXPECT_EQ(firsts, 1);
        watched.registered.reset();
        EXPECT_EQ(watched.calls, 1);
    }
}

TEST(StopStress, CallbacksThatEndThemselvesAndTheirNeighbours) {
    struct pair {
        struct end_both {
            pair* self;
            void operator()() const noexcept { self->ended = true; }
        };
        std::atomic<bool> ended = false;
        std::optional<stop_callback<end_both>> neighbour;
        struct end_itself {
            pair* self;
            void operator()() const noexcept {
                self->neighbour.reset();
                self->itself.reset();  // destroys this function object: touch nothing after it
            }
        };
        std::optional<stop_callback<end_itself>> itself;
    };
    std::optional<stop_source> source;
    std::barrier start(2);
    std::barrier finish(2);
    std::jthread other([&] {
        for (int round = 0; round < rounds; ++round) {
            start.arrive_and_wait();
            for (int i = 0; i < 4; ++i)
                watcher passing(source->get_token());
            finish.arrive_and_wait();
        }
    });
    for (int round = 0; round < rounds; ++round) {
        source.emplace();
        pair watched;
        watched.neighbour.emplace(source->get_token(), pair::end_both{&watched});
        watched.itself.emplace(source->get_token(), pair::end_itself{&watched});
        start.arrive_and_wait();
        source->request_stop();
        EXPECT_FALSE(watched.itself);
        EXPECT_FALSE(watched.ended);
        finish.arrive_and_wait();
        source.reset();
    }
}

}  // namespace
}  // namespace spargio
