#include "spargio/runtime/cpu_count.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>

namespace spargio {
namespace {

namespace fs = std::filesystem;

void keep_least(std::optional<unsigned>& least, double quota, double period) {
    if (quota <= 0 || period <= 0)
        return;
    // A quota may be any number; beyond this one it limits nothing.
    constexpr double most = 1u << 20;
    const auto cpus = static_cast<unsigned>(std::min((quota + period - 1) / period, most));
    least = std::max(1u, least ? std::min(*least, cpus) : cpus);
}

void read_version_2(const fs::path& group, std::optional<unsigned>& least) {
    std::ifstream file(group / "cpu.max");
    std::string quota;
    double period = 0;
    if (file >> quota >> period && quota != "max")
        keep_least(least, std::strtod(quota.c_str(), nullptr), period);
}

void read_version_1(const fs::path& group, std::optional<unsigned>& least) {
    std::ifstream quota_file(group / "cpu.cfs_quota_us");
    std::ifstream period_file(group / "cpu.cfs_period_us");
    double quota = 0;
    double period = 0;
    if (quota_file >> quota && period_file >> period)
        keep_least(least, quota, period);
}

/// Every group from the process's own up to the root limits it.
template <class Read>
void walk_up(const fs::path& root, const fs::path& own, Read read, std::optional<unsigned>& least) {
    for (fs::path at = own.relative_path();; at = at.parent_path()) {
        read(root / at, least);
        if (at.empty())
            return;
    }
}

}  // namespace

unsigned detail::cpus_in_affinity_mask() noexcept {
    // The kernel refuses a mask smaller than its own; grow until it fits.
    for (unsigned cpus = 1024; cpus <= 1u << 20; cpus *= 2) {
        cpu_set_t* set = CPU_ALLOC(cpus);
        if (set == nullptr)
            break;
        const std::size_t size = CPU_ALLOC_SIZE(cpus);
        const int outcome = ::sched_getaffinity(0, size, set);
        const int count = outcome == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (outcome == 0)
            return static_cast<unsigned>(std::max(1, count));
        if (errno != EINVAL)
            break;
    }
    return 1;
}

std::optional<unsigned> detail::cpus_in_cgroup_quota(const fs::path& proc_self_cgroup,
                                                     const fs::path& mount) {
    std::optional<unsigned> least;
    std::ifstream groups(proc_self_cgroup);
    for (std::string line; std::getline(groups, line);) {
        // hierarchy:controllers:path
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos)
            continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const fs::path own = line.substr(second + 1);
        if (controllers.empty()) {
            walk_up(mount, own, read_version_2, least);
        } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
            walk_up(mount / controllers, own, read_version_1, least);
            walk_up(mount / "cpu", own, read_version_1, least);
        }
    }
    return least;
}

unsigned usable_cpus() {
    const unsigned allowed = detail::cpus_in_affinity_mask();
    // Once: it takes a dozen files.
    static const auto quota = detail::cpus_in_cgroup_quota("/proc/self/cgroup", "/sys/fs/cgroup");
    return quota ? std::min(allowed, *quota) : allowed;
}

}  // namespace spargio
