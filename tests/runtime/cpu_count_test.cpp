#include "spargio/runtime/cpu_count.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

namespace spargio {
namespace {

namespace fs = std::filesystem;

/// A cgroup file system made of plain files.
class CpuCount : public ::testing::Test {
protected:
    CpuCount() : root_((fs::temp_directory_path() / "spargio-cgroup-XXXXXX").string()) {
        EXPECT_NE(::mkdtemp(root_.data()), nullptr);
    }
    ~CpuCount() override { fs::remove_all(root_); }

    void put(const std::string& path, const std::string& text) const {
        const fs::path file = fs::path(root_) / path;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    void own_group(const std::string& text) const { put("self", text); }
    std::optional<unsigned> count() const {
        return detail::cpus_in_cgroup_quota(root_ + "/self", root_ + "/mount");
    }

private:
    std::string root_;
};

TEST_F(CpuCount, NoFileIsNoLimit) {
    EXPECT_EQ(count(), std::nullopt);
}

TEST_F(CpuCount, Version2QuotaOfTheOwnGroup) {
    own_group("0::/app\n");
    put("mount/app/cpu.max", "300000 100000\n");
    EXPECT_EQ(count(), 3u);
}

TEST_F(CpuCount, QuotasAreRoundedUp) {
    own_group("0::/app\n");
    put("mount/app/cpu.max", "150000 100000\n");
    EXPECT_EQ(count(), 2u);
    put("mount/app/cpu.max", "1000 100000\n");
    EXPECT_EQ(count(), 1u);
    put("mount/app/cpu.max", "100001 100000\n");
    EXPECT_EQ(count(), 2u);
}

TEST_F(CpuCount, MaxIsNoLimit) {
    own_group("0::/app\n");
    put("mount/app/cpu.max", "max 100000\n");
    EXPECT_EQ(count(), std::nullopt);
}

TEST_F(CpuCount, EveryGroupAboveLimitsToo) {
    own_group("0::/a/b/c\n");
    put("mount/a/b/c/cpu.max", "800000 100000\n");
    put("mount/a/b/cpu.max", "max 100000\n");
    put("mount/a/cpu.max", "200000 100000\n");
    EXPECT_EQ(count(), 2u);
    put("mount/cpu.max", "100000 100000\n");  // a container's own root
    EXPECT_EQ(count(), 1u);
}

TEST_F(CpuCount, AGroupThatIsNotMountedHereLeavesThoseAbove) {
    own_group("0::/docker/0123456789\n");
    put("mount/cpu.max", "400000 100000\n");
    EXPECT_EQ(count(), 4u);
}

TEST_F(CpuCount, Version1QuotaUnderBothNamesOfTheHierarchy) {
    own_group("5:memory:/app\n4:cpu,cpuacct:/app\n1:name=systemd:/app\n");
    put("mount/cpu,cpuacct/app/cpu.cfs_quota_us", "250000\n");
    put("mount/cpu,cpuacct/app/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(count(), 3u);
    put("mount/cpu/cpu.cfs_quota_us", "100000\n");
    put("mount/cpu/cpu.cfs_period_us", "50000\n");
    EXPECT_EQ(count(), 2u);
}

TEST_F(CpuCount, Version1MinusOneIsNoLimit) {
    own_group("4:cpu:/\n");
    put("mount/cpu/cpu.cfs_quota_us", "-1\n");
    put("mount/cpu/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(count(), std::nullopt);
}

TEST_F(CpuCount, OtherControllersAreNotAsked) {
    own_group("4:cpuset,cpuacct:/\n");
    put("mount/cpu/cpu.cfs_quota_us", "100000\n");
    put("mount/cpu/cpu.cfs_period_us", "100000\n");
    put("mount/cpu.max", "100000 100000\n");
    EXPECT_EQ(count(), std::nullopt);
}

TEST_F(CpuCount, NonsenseIsNoLimit) {
    for (const char* text : {"", "x", "1", "x 100000", "100000 0", "100000 x", "-5 100000"}) {
        own_group("0::/\nno colons\n7:\n");
        put("mount/cpu.max", text);
        EXPECT_EQ(count(), std::nullopt) << '"' << text << '"';
    }
}

TEST_F(CpuCount, AHugeQuotaLimitsNothing) {
    own_group("0::/\n");
    put("mount/cpu.max", "1e300 1\n");
    ASSERT_TRUE(count().has_value());
    EXPECT_GE(*count(), 1u << 20);
}

TEST_F(CpuCount, TheAffinityMaskLimits) {
    unsigned restricted = 0;
    unsigned usable = 0;
    // The mask belongs to the thread.
    std::thread([&] {
        cpu_set_t first;
        CPU_ZERO(&first);
        cpu_set_t allowed;
        ::sched_getaffinity(0, sizeof allowed, &allowed);
        for (unsigned cpu = 0; CPU_COUNT(&first) == 0; ++cpu) {
            if (CPU_ISSET(cpu, &allowed))
                CPU_SET(cpu, &first);
        }
        ::sched_setaffinity(0, sizeof first, &first);
        restricted = detail::cpus_in_affinity_mask();
        usable = usable_cpus();
    }).join();
    EXPECT_EQ(restricted, 1u);
    EXPECT_EQ(usable, 1u);
    cpu_set_t all;
    ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
    EXPECT_EQ(detail::cpus_in_affinity_mask(), static_cast<unsigned>(CPU_COUNT(&all)));
    EXPECT_LE(usable_cpus(), detail::cpus_in_affinity_mask());
}

}  // namespace
}  // namespace spargio
