#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "bench/common/dealt_echoes.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/sync/oneshot.hpp"

namespace bench::own {

/// A worker is a task, on whichever shard has time for it; it gets its shares through a channel,
/// and says of each when it is done.
class deal_tasks {
public:
    explicit deal_tasks(std::uint64_t mixing) : mixing_(mixing) {}

    void begin(spargio::task_group& workers) {
        for (auto& to : to_) {
            auto [sender, receiver] = spargio::mpsc_channel<share>(256);
            to = std::move(sender);
            check(workers.spawn(spargio::placement::stealable_preferred(0),
                                work(std::move(receiver), mixing_)));
        }
    }
    /// Workers end once nobody can send to them any more.
    void end() { to_ = {}; }

    auto work_off(dealt_echoes& dealt) -> spargio::task<> {
        std::array<std::optional<spargio::oneshot_receiver<bool>>, deal_workers> answers;
        for (unsigned worker = 0; worker < deal_workers; ++worker) {
            auto [done, answer] = spargio::oneshot_channel<bool>();
            answers[worker] = std::move(answer);
            share dealt_out{&dealt, worker, std::move(done)};
            if (auto sent = co_await to_[worker]->send(std::move(dealt_out)); !sent)
                throw std::system_error(sent.error().code);
        }
        for (auto& answer : answers)
            check(co_await answer->recv());
    }

private:
    struct share {
        dealt_echoes* of;
        unsigned worker;
        spargio::oneshot_sender<bool> done;
    };

    static auto work(spargio::single_receiver<share> from, std::uint64_t mixing)
        -> spargio::task<> {
        while (auto received = co_await from.recv()) {
            received->of->work_off(received->worker, mixing);
            (void)received->done.send(true);
        }
    }

    const std::uint64_t mixing_;
    std::array<std::optional<spargio::channel_sender<share>>, deal_workers> to_;
};

}  // namespace bench::own
