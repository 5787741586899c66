#include "spargio/testing/fault_plan.hpp"

#include <array>
#include <cerrno>
#include <cstring>

namespace spargio::testing {
namespace {

constexpr int cut = fault_plan::cut_short;

// From each system call's manual page, and what io_uring adds: ECANCELED when the submitting
// thread ends, EINTR from an interrupted kernel worker, ENOMEM anywhere.
constexpr std::array recv_faults = {-ECANCELED, -EINTR,   -ENOMEM,    -ECONNRESET,
                                    -ENOTCONN,  -ENOBUFS, -ETIMEDOUT, cut};
constexpr std::array send_faults = {-ECANCELED, -EINTR,   -ENOMEM,    -ECONNRESET, -ENOTCONN,
                                    -EPIPE,     -ENOBUFS, -ETIMEDOUT, cut};
constexpr std::array splice_faults = {-ECANCELED, -EINTR, -ENOMEM, -EIO, -EPIPE, -ENOSPC, cut};
constexpr std::array poll_faults = {-ECANCELED, -EINTR, -ENOMEM, -EBADF};
constexpr std::array accept_faults = {-ECANCELED, -EINTR,        -ENOMEM, -ENOBUFS, -EMFILE,
                                      -ENFILE,    -ECONNABORTED, -EPROTO, -EPERM};
constexpr std::array connect_faults = {-ECANCELED,  -EINTR,        -ECONNREFUSED,  -ECONNRESET,
                                       -ETIMEDOUT,  -ENETUNREACH,  -EHOSTUNREACH,  -EACCES,
                                       -EADDRINUSE, -EAFNOSUPPORT, -EADDRNOTAVAIL, -EISCONN};
constexpr std::array read_faults = {-ECANCELED, -EINTR, -ENOMEM, -EIO, -EISDIR, cut};
constexpr std::array write_faults = {-ECANCELED, -EINTR, -ENOMEM, -EIO,   -ENOSPC,
                                     -EDQUOT,    -EFBIG, -EPERM,  -EPIPE, cut};
constexpr std::array fsync_faults = {-ECANCELED, -EINTR, -EIO, -ENOSPC, -EDQUOT, -EROFS};
constexpr std::array open_faults = {-ECANCELED, -EINTR,  -ENOMEM,  -EMFILE,
                                    -ENFILE,    -ENOENT, -EACCES,  -ENOSPC,
                                    -EROFS,     -ELOOP,  -ENOTDIR, -fault_plan::restart};
constexpr std::array close_faults = {-EINTR, -EIO, -ENOSPC, -EDQUOT};
constexpr std::array status_faults = {-ECANCELED, -EINTR, -ENOMEM, -EIO, -EACCES};
constexpr std::array path_faults = {-ECANCELED, -EINTR,  -ENOMEM, -ENOENT, -EACCES, -EPERM,
                                    -EBUSY,     -ENOSPC, -EROFS,  -ELOOP,  -EXDEV,  -ENOTEMPTY};
constexpr std::array shutdown_faults = {-ECANCELED, -ENOTCONN};
// An answer that cancels nothing would promise that the target ends by itself; this one does not.
constexpr std::array cancel_faults = {-EALREADY};
constexpr std::array message_faults = {-EOVERFLOW, -EBADFD, -EBADF, -ENOMEM};
constexpr std::array other_faults = {-ECANCELED, -EINVAL, -ENOMEM};

}  // namespace

std::span<const int> fault_plan::faults_of(request_kind kind) noexcept {
    switch (kind) {
    case request_kind::recv:
    case request_kind::recvmsg:
        return recv_faults;
    case request_kind::send:
    case request_kind::sendmsg:
    case request_kind::send_zc:
        return send_faults;
    case request_kind::splice:
        return splice_faults;
    case request_kind::poll:
        return poll_faults;
    case request_kind::accept:
        return accept_faults;
    case request_kind::connect:
        return connect_faults;
    case request_kind::read:
        return read_faults;
    case request_kind::write:
        return write_faults;
    case request_kind::fsync:
        return fsync_faults;
    case request_kind::open:
        return open_faults;
    case request_kind::close:
        return close_faults;
    case request_kind::file_status:
        return status_faults;
    case request_kind::rename:
    case request_kind::unlink:
    case request_kind::make_directory:
        return path_faults;
    case request_kind::shutdown:
        return shutdown_faults;
    case request_kind::cancel:
        return cancel_faults;
    case request_kind::message:
        return message_faults;
    case request_kind::nop:
    case request_kind::timeout:
    case request_kind::any:
        break;
    }
    return other_faults;
}

std::optional<int> fault_plan::meet(const char* where, request_kind kind,
                                    std::span<const int> faults) {
    const std::uint64_t first = met_;
    met_ += faults.size();
    if (point_ < first || point_ >= met_)
        return std::nullopt;
    const int fault = faults[point_ - first];
    what_ = where;
    if (kind != request_kind::any)
        what_ += ' ' + to_string(kind);
    what_ +=
        fault == cut_short ? " is cut short" : std::string(" answers ") + std::strerror(-fault);
    return fault;
}

std::string fault_plan::describe() const {
    if (point_ == never)
        return "no fault";
    return "fault " + std::to_string(point_) + ": " + (hit() ? what_ : "not met");
}

std::string to_string(request_kind kind) {
    switch (kind) {
    case request_kind::nop:
        return "nop";
    case request_kind::fsync:
        return "fsync";
    case request_kind::timeout:
        return "timeout";
    case request_kind::poll:
        return "poll";
    case request_kind::sendmsg:
        return "sendmsg";
    case request_kind::recvmsg:
        return "recvmsg";
    case request_kind::splice:
        return "splice";
    case request_kind::accept:
        return "accept";
    case request_kind::cancel:
        return "cancel";
    case request_kind::connect:
        return "connect";
    case request_kind::open:
        return "open";
    case request_kind::close:
        return "close";
    case request_kind::file_status:
        return "file_status";
    case request_kind::read:
        return "read";
    case request_kind::write:
        return "write";
    case request_kind::send:
        return "send";
    case request_kind::recv:
        return "recv";
    case request_kind::shutdown:
        return "shutdown";
    case request_kind::rename:
        return "rename";
    case request_kind::unlink:
        return "unlink";
    case request_kind::make_directory:
        return "make_directory";
    case request_kind::message:
        return "message";
    case request_kind::send_zc:
        return "send_zc";
    case request_kind::any:
        return "any";
    }
    return "opcode " + std::to_string(static_cast<unsigned>(kind));
}

}  // namespace spargio::testing
