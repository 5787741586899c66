#include "spargio/fs/path.hpp"

#include <fcntl.h>

#include <cerrno>

#include "spargio/fs/detail/zero_byte.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/ring/ops/make_directory.hpp"
#include "spargio/ring/ops/open.hpp"
#include "spargio/ring/ops/rename.hpp"
#include "spargio/ring/ops/unlink.hpp"

namespace spargio::fs {

task<result<void>> rename(std::filesystem::path from, std::filesystem::path to) {
    if (detail::has_zero_byte(from) || detail::has_zero_byte(to))
        co_return failure(EINVAL);
    co_return co_await detail::await_operation<rename_operation>(detail::decode_nothing(), nullptr,
                                                                 from.c_str(), to.c_str());
}

task<result<void>> remove_file(std::filesystem::path path) {
    if (detail::has_zero_byte(path))
        co_return failure(EINVAL);
    co_return co_await detail::await_operation<unlink_operation>(detail::decode_nothing(), nullptr,
                                                                 path.c_str(), false);
}

task<result<void>> remove_dir(std::filesystem::path path) {
    if (detail::has_zero_byte(path))
        co_return failure(EINVAL);
    co_return co_await detail::await_operation<unlink_operation>(detail::decode_nothing(), nullptr,
                                                                 path.c_str(), true);
}

task<result<void>> create_dir(std::filesystem::path path, unsigned mode) {
    if (detail::has_zero_byte(path))
        co_return failure(EINVAL);
    co_return co_await detail::await_operation<make_directory_operation>(
        detail::decode_nothing(), nullptr, path.c_str(), mode);
}

task<result<void>> sync_dir(std::filesystem::path path) {
    if (detail::has_zero_byte(path))
        co_return failure(EINVAL);
    // Of anything else the entry in its directory would be no more durable than before, and a pipe
    // would be waited for.
    const auto opened = co_await detail::await_operation<open_operation>(
        detail::decode_count(), nullptr, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0u);
    if (!opened)
        co_return failure(opened.error());
    file directory = file::from_fd(static_cast<int>(*opened));
    co_return co_await directory.fsync();
}

}  // namespace spargio::fs
