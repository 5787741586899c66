#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "bench/common/pause.hpp"
#include "bench/common/pinned_thread.hpp"

namespace bench::limit {

/// Threads that share out the indices of a loop through one word in memory, and spin in between;
/// no more of them than CPUs, because one that spins would keep another from its work.
/// Thread: run() from one caller; share() from within its client.
class crew {
public:
    explicit crew(unsigned threads) {
        const unsigned cpus = std::max(2U, std::thread::hardware_concurrency());
        for (unsigned k = 0; k < std::min(threads, cpus); ++k)
            threads_.push_back(std::make_unique<pinned_thread>(k));
    }

    /// Runs `client` on CPU 0 while the other threads spin for what it shares out.
    void run(const std::function<void()>& client) {
        over_ = false;
        awake_ = 0;
        for (std::size_t k = 1; k < threads_.size(); ++k)
            threads_[k]->start([this] { help(); });
        threads_[0]->run([&] {
            while (awake_ + 1 != threads_.size())
                pause();
            client();
            over_ = true;
        });
        for (std::size_t k = 1; k < threads_.size(); ++k)
            threads_[k]->wait();
    }

    /// Calls work(index) for every index below `count`, each once, on any of the threads.
    template <class Work>
    void share(std::uint32_t count, Work&& work) {
        using plain = std::remove_reference_t<Work>;
        work_ = &work;
        call_ = [](void* w, std::uint32_t index) { (*static_cast<plain*>(w))(index); };
        done_.store(0, std::memory_order_relaxed);
        round_ += std::uint64_t{1} << 32;
        open_.store(round_ | count, std::memory_order_release);
        while (take_one()) {
        }
        while (done_.load(std::memory_order_acquire) != count)
            pause();
    }

private:
    void help() {
        ++awake_;
        while (!over_.load(std::memory_order_relaxed))
            if (!take_one())
                pause();
    }

    /// What work_ and call_ are is read only with an index in hand: until that is done, the client
    /// waits and changes neither.
    auto take_one() -> bool {
        std::uint64_t seen = open_.load(std::memory_order_acquire);
        do {
            if (static_cast<std::uint32_t>(seen) == 0)
                return false;
        } while (!open_.compare_exchange_weak(seen, seen - 1, std::memory_order_acquire));
        call_(work_, static_cast<std::uint32_t>(seen) - 1);
        done_.fetch_add(1, std::memory_order_release);
        return true;
    }

    // The round in the upper half, the indices not yet taken in the lower.
    alignas(64) std::atomic<std::uint64_t> open_{0};
    alignas(64) std::atomic<std::uint32_t> done_{0};
    alignas(64) void* work_ = nullptr;
    void (*call_)(void*, std::uint32_t) = nullptr;
    std::uint64_t round_ = 0;
    std::atomic<bool> over_{false};
    std::atomic<std::size_t> awake_{0};
    std::vector<std::unique_ptr<pinned_thread>> threads_;
};

}  // namespace bench::limit
