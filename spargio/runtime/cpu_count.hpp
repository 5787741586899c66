#pragma once

#include <filesystem>
#include <optional>

namespace spargio {

/// The CPUs this process may use: its affinity mask, and no more than its cgroup's quota rounded
/// up, as it was at the first call. At least 1.
[[nodiscard]] unsigned usable_cpus();

namespace detail {
/// The CPUs of the calling thread's affinity mask.
[[nodiscard]] unsigned cpus_in_affinity_mask() noexcept;
/// The quota of the process's cgroup and of every one above it, in CPUs rounded up; none if there
/// is no limit. `proc_self_cgroup` and `mount` are /proc/self/cgroup and /sys/fs/cgroup but in
/// tests. Source: cgroup-v2 cpu.max; cgroup-v1 cpu.cfs_quota_us and cpu.cfs_period_us.
[[nodiscard]] std::optional<unsigned>
cpus_in_cgroup_quota(const std::filesystem::path& proc_self_cgroup,
                     const std::filesystem::path& mount);
}  // namespace detail

}  // namespace spargio
