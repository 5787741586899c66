#pragma once

#include <latch>

#include "spargio/core/work_item.hpp"

namespace spargio::runtime_test {

/// Holds the shard up that it is queued on, which is in no task then.
struct hold_up final : detail::work_item {
    hold_up() : work_item(&wait) {}
    static void wait(work_item& item) noexcept {
        auto& self = static_cast<hold_up&>(item);
        self.begun.count_down();
        self.let_go.wait();
    }
    std::latch begun{1};
    std::latch let_go{1};
};

}  // namespace spargio::runtime_test
