#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "kernel_under_test.hpp"
#include "spargio/ring/ops/accept.hpp"
#include "spargio/ring/ops/boot_timeout.hpp"
#include "spargio/ring/ops/close.hpp"
#include "spargio/ring/ops/connect.hpp"
#include "spargio/ring/ops/file_status.hpp"
#include "spargio/ring/ops/fsync.hpp"
#include "spargio/ring/ops/make_directory.hpp"
#include "spargio/ring/ops/open.hpp"
#include "spargio/ring/ops/poll.hpp"
#include "spargio/ring/ops/read.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/ring/ops/recvmsg.hpp"
#include "spargio/ring/ops/rename.hpp"
#include "spargio/ring/ops/send.hpp"
#include "spargio/ring/ops/sendmsg.hpp"
#include "spargio/ring/ops/shutdown.hpp"
#include "spargio/ring/ops/splice.hpp"
#include "spargio/ring/ops/unlink.hpp"
#include "spargio/ring/ops/write.hpp"

namespace spargio::ring_test {

inline ::sockaddr_un unix_address(const char* name) {
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, name, sizeof address.sun_path - 1);
    return address;
}

/// What operations of every type can act on: each has something to do and would succeed at once.
struct playground {
    explicit playground(testing::simulated_kernel& given) : kernel(given) {
        const auto* generic = reinterpret_cast<const ::sockaddr*>(&address);
        listener = kernel.listen(generic, sizeof address);
        client = kernel.socket();
        EXPECT_EQ(kernel.connect(kernel.socket(), generic, sizeof address), 0);
        kernel.write(stream.second, bytes_of("bytes"));
        kernel.put_file("/tmp/file", bytes_of("bytes"));
        kernel.put_file("/tmp/old", bytes_of("bytes"));
        file = kernel.open("/tmp/file", O_RDWR);
        doomed = kernel.open("/tmp/file", O_RDWR);
    }

    testing::simulated_kernel& kernel;
    ::sockaddr_un address = unix_address("service");
    std::pair<int, int> stream = kernel.stream_pair();
    std::array<std::byte, 8> buffer{};
    std::array<::iovec, 2> pieces{{{buffer.data(), 3}, {buffer.data() + 3, 5}}};
    ::msghdr message{.msg_name = nullptr,
                     .msg_namelen = 0,
                     .msg_iov = pieces.data(),
                     .msg_iovlen = pieces.size(),
                     .msg_control = nullptr,
                     .msg_controllen = 0,
                     .msg_flags = 0};
    struct ::statx status {};
    int listener = -1;
    int client = -1;
    int file = -1;
    int doomed = -1;
};

struct operation_sample {
    const char* name;
    testing::request_kind kind;
    std::shared_ptr<operation> (*make)(playground& world);
    int success;  ///< what it answers if all goes well
    bool makes_descriptor = false;
};

template <class Operation, class... Arguments>
std::shared_ptr<operation> made(Arguments&&... arguments) {
    return std::make_shared<Operation>(std::forward<Arguments>(arguments)...);
}

inline const operation_sample every_operation[] = {
    {"recv", testing::request_kind::recv,
     [](playground& w) { return made<recv_operation>(w.stream.first, w.buffer); }, 5},
    {"send", testing::request_kind::send,
     [](playground& w) { return made<send_operation>(w.stream.first, bytes_of("abc")); }, 3},
    {"recvmsg", testing::request_kind::recvmsg,
     [](playground& w) { return made<recvmsg_operation>(w.stream.first, &w.message); }, 5},
    {"sendmsg", testing::request_kind::sendmsg,
     [](playground& w) { return made<sendmsg_operation>(w.stream.first, &w.message); }, 8},
    {"splice", testing::request_kind::splice,
     [](playground& w) {
         return made<splice_operation>(w.file, 1, w.stream.first, splice_operation::no_offset, 4u);
     },
     4},
    {"poll", testing::request_kind::poll,
     [](playground& w) { return made<poll_operation>(w.stream.first, unsigned{POLLOUT}); },
     POLLOUT},
    {"accept", testing::request_kind::accept,
     [](playground& w) { return made<accept_operation>(w.listener); }, 0, true},
    {"connect", testing::request_kind::connect,
     [](playground& w) {
         return made<connect_operation>(w.client, reinterpret_cast<const ::sockaddr*>(&w.address),
                                        unsigned{sizeof w.address});
     },
     0},
    {"shutdown", testing::request_kind::shutdown,
     [](playground& w) { return made<shutdown_operation>(w.stream.first, SHUT_WR); }, 0},
    {"read", testing::request_kind::read,
     [](playground& w) { return made<read_operation>(w.file, w.buffer, 1u); }, 4},
    {"write", testing::request_kind::write,
     [](playground& w) { return made<write_operation>(w.file, bytes_of("xy"), 3u); }, 2},
    {"fsync", testing::request_kind::fsync,
     [](playground& w) { return made<fsync_operation>(w.file, true); }, 0},
    {"boot_timeout", testing::request_kind::timeout,
     [](playground&) { return made<boot_timeout_operation>(1u); }, -ETIME},
    {"open", testing::request_kind::open,
     [](playground&) { return made<open_operation>("/tmp/new", O_CREAT | O_RDWR, 0600u); }, 0,
     true},
    {"close", testing::request_kind::close,
     [](playground& w) { return made<close_operation>(w.doomed); }, 0},
    {"file_status", testing::request_kind::file_status,
     [](playground& w) { return made<file_status_operation>(w.file, &w.status); }, 0},
    {"rename", testing::request_kind::rename,
     [](playground&) { return made<rename_operation>("/tmp/old", "/tmp/renamed"); }, 0},
    {"unlink", testing::request_kind::unlink,
     [](playground&) { return made<unlink_operation>("/tmp/old", false); }, 0},
    {"make_directory", testing::request_kind::make_directory,
     [](playground&) { return made<make_directory_operation>("/tmp/directory", 0700u); }, 0},
};

inline std::string sample_name(const ::testing::TestParamInfo<operation_sample>& info) {
    return info.param.name;
}
inline void PrintTo(const operation_sample& sample, std::ostream* out) {
    *out << sample.name;
}

}  // namespace spargio::ring_test
