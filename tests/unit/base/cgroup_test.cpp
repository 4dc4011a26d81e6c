#include "base/cgroup.hpp"

#include <fstream>
#include <string>

#include "tests/support/test.hpp"

namespace fs = std::filesystem;
namespace test = dream::test;
using dream::cgroup_limits;

namespace {

constexpr std::int64_t gib = std::int64_t{1} << 30;

/// A machine as the program sees it, below a folder.
class Machine {
 public:
  explicit Machine(const std::string& groups) : root_(test::folder() / std::to_string(++made_)) {
    put("proc/self/cgroup", groups);
  }
  Machine& put(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
    return *this;
  }
  [[nodiscard]] dream::CgroupLimits limits() const { return cgroup_limits(root_); }

 private:
  static inline int made_ = 0;
  fs::path root_;
};

void check(const Machine& machine, double cores, std::int64_t memory) {
  const auto limits = machine.limits();
  BOOST_TEST(limits.cores == cores);
  BOOST_TEST(limits.memory_bytes == memory);
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_control_groups_there_is_no_limit) {
  BOOST_TEST(cgroup_limits(test::folder() / "nothing").cores == 0);
  check(Machine("").put("sys/fs/cgroup/cpu.max", "100000 100000\n"), 0, 0);
  Machine rubbish("no colons\n1:cpu\n::\n0::/a\n");
  rubbish.put("sys/fs/cgroup/cpu.max", "much 100000\n").put("sys/fs/cgroup/memory.max", "\n");
  check(rubbish, 0, 0);
}

BOOST_AUTO_TEST_CASE(version_2_in_a_container_that_sees_its_own_group_alone) {
  Machine machine("0::/\n");
  machine.put("sys/fs/cgroup/cpu.max", "150000 100000\n").put("sys/fs/cgroup/memory.max", "2147483648\n");
  check(machine, 1.5, 2 * gib);
  machine.put("sys/fs/cgroup/cpu.max", "max 100000\n").put("sys/fs/cgroup/memory.max", "max\n");
  check(machine, 0, 0);
}

// Slurm, systemd: no namespace, and the limit stands anywhere on the way up.
BOOST_AUTO_TEST_CASE(version_2_the_tightest_group_on_the_way_up_counts) {
  Machine machine("0::/system.slice/job_7/step_0/task_0\n");
  const std::string job = "sys/fs/cgroup/system.slice/job_7/";
  machine.put(job + "cpu.max", "400000 100000\n").put(job + "memory.max", std::to_string(8 * gib));
  machine.put(job + "step_0/cpu.max", "max 100000\n").put(job + "step_0/memory.max", std::to_string(6 * gib));
  machine.put(job + "step_0/task_0/cpu.max", "800000 100000\n")
      .put(job + "step_0/task_0/memory.max", "max\n");
  machine.put("sys/fs/cgroup/system.slice/job_8/cpu.max", "100000 100000\n");  // somebody else's
  check(machine, 4, 6 * gib);
}

BOOST_AUTO_TEST_CASE(version_1_with_its_controllers_apart_and_together) {
  for (const std::string folder : {"cpu,cpuacct", "cpu"}) {
    Machine machine("5:cpu,cpuacct:/slurm/job_7\n3:memory:/slurm/job_7\n2:cpuset:/slurm\n");
    const auto job = "sys/fs/cgroup/" + folder + "/slurm/job_7/";
    machine.put(job + "cpu.cfs_quota_us", "250000\n").put(job + "cpu.cfs_period_us", "100000\n");
    machine.put("sys/fs/cgroup/" + folder + "/cpu.cfs_quota_us", "-1\n");
    machine.put("sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes", std::to_string(3 * gib));
    machine.put("sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n");  // what "none" looks like
    check(machine, 2.5, 3 * gib);
  }
}

// Docker on version 1: the path is the host's, the mount shows the container's own group.
BOOST_AUTO_TEST_CASE(version_1_in_a_container_whose_path_is_the_hosts) {
  Machine machine("5:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n0::/docker/abc\n");
  machine.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
  machine.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  machine.put("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(gib));
  check(machine, 0.5, gib);
}

BOOST_AUTO_TEST_CASE(hybrid_limits_of_both_versions_count) {
  Machine machine("3:memory:/pod\n0::/pod\n");
  machine.put("sys/fs/cgroup/unified/pod/cpu.max", "200000 100000\n");
  machine.put("sys/fs/cgroup/memory/pod/memory.limit_in_bytes", std::to_string(4 * gib));
  machine.put("sys/fs/cgroup/cpu.max", "100000 100000\n");  // not where the group is
  check(machine, 2, 4 * gib);
}

BOOST_AUTO_TEST_CASE(a_path_that_leaves_the_mount_is_not_followed) {
  Machine machine("0::/../../other\n");
  machine.put("sys/other/cpu.max", "100000 100000\n").put("sys/fs/cgroup/cpu.max", "300000 100000\n");
  check(machine, 3, 0);
}
