#pragma once

#include <cstdint>
#include <string>

namespace spargio::testing {

/// What a request asks of the kernel; the values are those of io_uring's opcodes, and any other
/// opcode is a value too.
enum class request_kind : std::uint8_t {
    nop = 0,
    fsync = 3,
    poll = 6,
    sendmsg = 9,
    recvmsg = 10,
    timeout = 11,
    accept = 13,
    cancel = 14,
    connect = 16,
    open = 18,
    close = 19,
    file_status = 21,
    read = 22,
    write = 23,
    send = 26,
    recv = 27,
    splice = 30,
    shutdown = 34,
    rename = 35,
    unlink = 36,
    make_directory = 37,
    message = 40,
    send_zc = 47,
    any = 255,
};

/// "recv", or "opcode 99".
[[nodiscard]] std::string to_string(request_kind kind);

}  // namespace spargio::testing
