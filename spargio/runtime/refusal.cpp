#include "spargio/runtime/refusal.hpp"

#include <fstream>

namespace spargio {

io_uring_surroundings look_around() {
    io_uring_surroundings around;
    std::ifstream file("/proc/sys/kernel/io_uring_disabled");
    file >> around.disabled_sysctl;
    return around;
}

error detail::out_of_memory() noexcept {
    // So short that the string holds it in itself.
    return {std::make_error_code(std::errc::not_enough_memory), "out of memory"};
}

error explain_refusal(std::error_code code, const io_uring_surroundings& around) {
    const auto unavailable = [](std::string sentence) {
        return error{errc::io_uring_unavailable, std::move(sentence)};
    };
    switch (static_cast<std::errc>(code.value())) {
    case std::errc::function_not_supported:
        return unavailable("io_uring is not there (ENOSYS): this kernel has none, or a seccomp "
                           "filter hides it; use Linux 5.19 or later with CONFIG_IO_URING, and in "
                           "a container a seccomp profile that allows io_uring_setup, "
                           "io_uring_enter and io_uring_register");
    case std::errc::operation_not_permitted:
    case std::errc::permission_denied:
        if (around.disabled_sysctl == 2)
            return unavailable("io_uring is switched off on this machine (EPERM): set the sysctl "
                               "kernel.io_uring_disabled to 0");
        if (around.disabled_sysctl == 1)
            return unavailable("io_uring is switched off for unprivileged processes (EPERM): set "
                               "the sysctl kernel.io_uring_disabled to 0, or join the group in "
                               "kernel.io_uring_group");
        return unavailable("io_uring is forbidden to this process (EPERM), most likely by a "
                           "seccomp filter or a security module: allow io_uring_setup, "
                           "io_uring_enter and io_uring_register (in a container: a seccomp "
                           "profile that does)");
    case std::errc::not_enough_memory:
        return {code, "no memory for a ring (ENOMEM): raise the locked-memory limit (ulimit -l) "
                      "on kernels before 5.12, or ask for fewer shards or ring entries"};
    case std::errc::too_many_files_open:
    case std::errc::too_many_files_open_in_system:
        return {code, "no descriptor left for a ring (" + code.message() +
                          "): raise the limit of open files (ulimit -n)"};
    case std::errc::invalid_argument:
        return {code, "the kernel refuses the ring's settings (EINVAL): use Linux 5.19 or later, "
                      "or fewer ring entries"};
    default:
        return {code, "a ring could not be opened: " + code.message()};
    }
}

}  // namespace spargio
