#pragma once

#include <cstdint>

namespace spargio {

/// What a ring tells of messages that travel through completion queues.
/// Thread: the holder of the shard's service claim, who reaps.
class message_port {
public:
    /// Another ring's send_message() brought this.
    virtual void arrived(std::uint64_t payload, std::uint32_t word) noexcept = 0;
    /// What send_message() called `number` is in its target's queue, or was refused by the kernel.
    virtual void settled(unsigned number, bool refused) noexcept = 0;

protected:
    ~message_port() = default;
};

}  // namespace spargio
