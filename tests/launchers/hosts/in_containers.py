"""jobs/on_hosts.sh with every rank in a container on its host: bubblewrap, which a user without any right may start, in place of podman.
It sees a read-only root and what is mounted; mpirun stays outside.
"""
import os
import shutil
import signal
import sys

import kit
from kit import harness


class InContainers(kit.HostsCase):
    HOSTS = ["desk", "east", "west"]
    HOSTFILE = "east slots=2\nwest slots=1\n"

    def contained(self, *arguments):
        """Mounted besides the root are the folder of the sweep, and what mpirun and its ranks share."""
        words = ["env", "--ignore-signal=USR1", "bwrap", "--die-with-parent", "--unshare-user", "--unshare-ipc", "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--tmpfs", "/var/tmp"]
        for folder in ("/tmp", "/dev/shm", str(self.work)):
            words += ["--bind", folder, folder]
        self.start(self.hostfile, self.config, *arguments, env={"DREAM_WRAPPER": " ".join(words)})

    def assert_nothing_is_left(self):
        for host in self.HOSTS[1:]:
            left = [pid for pid in self.inside(host) if os.path.basename(os.path.realpath(f"/proc/{pid}/exe")) in ("bwrap", "dream_sweep", "dream_reader")]
            self.assertEqual(left, [], host)

    def test_a_sweep_with_an_env_file(self):
        self.config.write_text(self.config.read_text().replace('name = "e2e"', 'name = "${WHOSE}"'))
        (self.work / "site.env").write_text("WHOSE=contained\n")
        self.contained("--env-file", "site.env")
        self.assert_finished("three ranks in containers")
        self.assertIn("contained", self.text)
        self.assert_nothing_is_left()

    def test_asked_to_stop_it_ends_clean_and_goes_on(self):
        self.contained()
        self.wait_until_at_work()
        self.job.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(), harness.RESUMABLE, self.text)
        self.assert_nothing_is_left()
        self.contained()
        self.assert_finished("stopped and continued")

    def test_what_is_not_mounted_writable_is_named(self):
        self.contained("--set", 'sweep.state="/var/lib/dream_sweep_state"')
        self.assertEqual(self.end(), harness.STATE, self.text)
        self.assertIn("/var/lib", self.text)
        self.assert_nothing_is_left()


if __name__ == "__main__":
    reason = kit.missing()
    if not reason and shutil.which("bwrap") is None:
        reason = "not installed: bubblewrap"
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(77)
    harness.main()
