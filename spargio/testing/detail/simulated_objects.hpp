#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spargio::testing::detail {

class simulated_object;
using object_pointer = std::shared_ptr<simulated_object>;

/// Told when an object has changed in a way requests may be waiting for.
class change_listener {
public:
    virtual void changed(simulated_object& object) = 0;

protected:
    ~change_listener() = default;
};

/// What a descriptor names. A call answers like the system call; -EAGAIN: not now, look again when
/// the object has changed. Thread: under the simulation's lock.
class simulated_object {
public:
    explicit simulated_object(change_listener& listener) noexcept : listener_(&listener) {}
    simulated_object(const simulated_object&) = delete;
    simulated_object& operator=(const simulated_object&) = delete;
    virtual ~simulated_object() = default;

    virtual int read(std::span<std::byte> buffer, std::uint64_t offset);
    virtual int write(std::span<const std::byte> buffer, std::uint64_t offset);
    virtual int receive(std::span<std::byte> buffer);
    virtual int send(std::span<const std::byte> buffer);
    /// What is sent in one call arrives in one, or not at all.
    [[nodiscard]] virtual bool keeps_boundaries() const noexcept { return false; }
    /// Where boundaries are kept: takes the oldest datagram, and answers its size.
    virtual int take_datagram(std::vector<std::byte>& taken);
    virtual int accept(object_pointer& made);
    virtual int shutdown(int how);
    virtual int sync();
    virtual int status(struct ::statx& status);
    /// Those of `events` that are true of it, as in poll(2); -EAGAIN if none is.
    virtual int poll(int events) { return events; }
    /// Bytes a write would take.
    [[nodiscard]] virtual std::size_t room() const { return ~std::size_t{0}; }

    /// Who waits for it is served the moment it changes, on the changing thread, as the readers of
    /// an eventfd are: no time has to pass, and the clock may stand still.
    [[nodiscard]] virtual bool prompt() const noexcept { return false; }

    std::vector<std::uint64_t> waiting;  // requests to look again when it changes

protected:
    void announce() { listener_->changed(*this); }
    [[nodiscard]] change_listener& listener() const noexcept { return *listener_; }

private:
    change_listener* listener_;
};

/// One end of a connection, or a socket that is not connected yet. As in TCP the peer sees an end
/// of stream when the last reference goes, which a pending request is: closing cancels nothing.
class simulated_stream final : public simulated_object {
public:
    using simulated_object::simulated_object;
    ~simulated_stream() override;

    static void connect(const std::shared_ptr<simulated_stream>& one,
                        const std::shared_ptr<simulated_stream>& other, std::size_t capacity);
    [[nodiscard]] bool connected() const noexcept { return connected_; }

    int read(std::span<std::byte> buffer, std::uint64_t) override { return receive(buffer); }
    int write(std::span<const std::byte> buffer, std::uint64_t) override { return send(buffer); }
    int receive(std::span<std::byte> buffer) override;
    int send(std::span<const std::byte> buffer) override;
    int shutdown(int how) override;
    int poll(int events) override;
    [[nodiscard]] std::size_t room() const override;

private:
    std::weak_ptr<simulated_stream> peer_;
    std::deque<std::byte> incoming_;
    std::size_t capacity_ = 0;
    bool connected_ = false;
    bool incoming_ended_ = false;
    bool sending_ended_ = false;
    bool reset_ = false;
};

/// One end of two datagram sockets that are connected and have no names. As of Unix ones a send
/// waits for room, and is refused when the peer is gone, of whom a receive does not learn.
class simulated_datagrams final : public simulated_object {
public:
    using simulated_object::simulated_object;

    static void connect(const std::shared_ptr<simulated_datagrams>& one,
                        const std::shared_ptr<simulated_datagrams>& other, std::size_t capacity);

    int read(std::span<std::byte> buffer, std::uint64_t) override { return receive(buffer); }
    int write(std::span<const std::byte> buffer, std::uint64_t) override { return send(buffer); }
    int receive(std::span<std::byte> buffer) override;
    int send(std::span<const std::byte> buffer) override;
    [[nodiscard]] bool keeps_boundaries() const noexcept override { return true; }
    int take_datagram(std::vector<std::byte>& taken) override;
    int poll(int events) override;

private:
    std::weak_ptr<simulated_datagrams> peer_;
    std::deque<std::vector<std::byte>> incoming_;
    std::size_t capacity_ = 0;
};

/// Connections that wait to be accepted. Limit: `backlog`; past it a connect waits.
class simulated_listener final : public simulated_object {
public:
    simulated_listener(change_listener& listener, unsigned backlog) noexcept
        : simulated_object(listener), backlog_(backlog) {}

    [[nodiscard]] bool full() const noexcept { return arrived_.size() >= backlog_; }
    void arrive(object_pointer connection);
    int accept(object_pointer& made) override;
    int poll(int events) override;

private:
    std::size_t backlog_;
    std::deque<object_pointer> arrived_;
};

/// A file's bytes, alive as long as a path or a descriptor names it.
struct simulated_inode {
    [[nodiscard]] struct ::statx status() const noexcept;

    bool directory = false;
    std::vector<std::byte> bytes;
};

class simulated_file final : public simulated_object {
public:
    simulated_file(change_listener& listener, std::shared_ptr<simulated_inode> inode,
                   int flags) noexcept
        : simulated_object(listener), inode_(std::move(inode)), flags_(flags) {}

    int read(std::span<std::byte> buffer, std::uint64_t offset) override;
    int write(std::span<const std::byte> buffer, std::uint64_t offset) override;
    int sync() override { return 0; }
    int status(struct ::statx& status) override;

private:
    std::shared_ptr<simulated_inode> inode_;
    int flags_;
    std::size_t position_ = 0;  // for an offset of -1
};

/// An eventfd.
class simulated_bell final : public simulated_object {
public:
    using simulated_object::simulated_object;
    int read(std::span<std::byte> buffer, std::uint64_t) override;
    int write(std::span<const std::byte> buffer, std::uint64_t) override;
    [[nodiscard]] bool prompt() const noexcept override { return true; }

private:
    std::uint64_t count_ = 0;
};

}  // namespace spargio::testing::detail
