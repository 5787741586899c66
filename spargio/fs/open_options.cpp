#include "spargio/fs/open_options.hpp"

#include <fcntl.h>

namespace spargio::fs {

result<int> open_options::flags() const noexcept {
    const bool writes = write_ || append_;
    const bool contradicts = (!read_ && !writes) || (truncate_ && (append_ || !write_)) ||
                             ((create_ || create_new_) && !writes) || (mode_ & ~07777u) != 0;
    if (contradicts)
        return failure(make_error_code(errc::invalid_option));
    int flags = O_CLOEXEC;
    flags |= read_ && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY;
    flags |= append_ ? O_APPEND : 0;
    flags |= truncate_ ? O_TRUNC : 0;
    flags |= create_ || create_new_ ? O_CREAT : 0;
    flags |= create_new_ ? O_EXCL : 0;
    flags |= direct_ ? O_DIRECT : 0;
    return flags;
}

}  // namespace spargio::fs
