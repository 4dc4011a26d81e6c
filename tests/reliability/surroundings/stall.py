"""The file server of the state folder does not answer for a while, longer than a sweep's claim lives (12 s, the one deadline on the
way, so it stands for any stall). A sweep that is alone goes on as if nothing had been. One whose folder another sweep has meanwhile
taken over, which saw the folder from a host where it did answer, ends and says so; the other one ends well.
"""
import os
import pathlib
import sys
import time

import kit
from kit import harness

SLOW_FS = pathlib.Path(__file__).with_name("slow_fs.py")
STALL = 14  # seconds


def missing():
    """Why there is no file system of our own here, or None."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "no /dev/fuse"
    probe = kit.subprocess.run([sys.executable, SLOW_FS, "--import-only"], capture_output=True, text=True)
    if "ModuleNotFoundError" in probe.stderr or "Unable to find libfuse" in probe.stderr:
        return "fusepy is not installed (package python3-fusepy)"
    return None


class Stall(kit.Case):

    def slow(self, name):
        """A sweep whose state folder is a file system of ours. Returns (config, the folder behind it)."""
        place = self.folder / name
        config = harness.write_config(place, self.corpus, self.golden, buckets=self.buckets, methods=kit.METHODS,
                                      embedders='["small"]')
        behind, mountpoint = place / "behind", place / "state"
        behind.mkdir()
        mountpoint.mkdir()
        server = kit.subprocess.Popen([sys.executable, SLOW_FS, behind, mountpoint, self.stalled], stdin=kit.subprocess.DEVNULL)
        self.addCleanup(server.wait, 30)
        self.addCleanup(kit.subprocess.run, ["umount", "-l", mountpoint])
        self.wait_for(lambda: os.path.ismount(mountpoint))
        return config, behind

    def stop_at_index(self, config):
        self.config = config
        return self.run_until_stopped_at("index", 1)

    def test_a_stall_longer_than_a_claim_lives(self):
        self.stalled = self.folder / "stalled"
        self.addCleanup(self.stalled.unlink, True)
        lonely, _ = self.slow("lonely")
        overtaken, behind = self.slow("overtaken")
        # An own result folder: the other host's sweep is another one.
        rival = harness.write_config(self.folder / "rival", self.corpus, self.golden, buckets=self.buckets, methods=kit.METHODS,
                                     embedders='["small"]')
        jobs = {config: self.stop_at_index(config) for config in (lonely, overtaken)}
        self.stalled.touch()
        self.go_on(jobs[lonely], 1)
        begin = time.monotonic()
        # This machine's processes are all seen, so the claim must look like one of another container.
        claim = next(iter((behind / "active").iterdir()))
        ended = harness.sweep(0, rival, "--set", f'sweep.state="{behind}"', prefix=["unshare", "--uts", "sh", "-c",
                                                                                    'hostname rival && exec "$@"', "sh"])
        self.assert_ok(ended)
        self.assertGreater(ended.seconds, 10, "it did not wait for a sign of life")
        self.assertTrue(claim.with_name(claim.name + ".taken").exists())
        time.sleep(max(0, STALL - (time.monotonic() - begin)))
        self.stalled.unlink()
        self.assert_ok(jobs[lonely].wait())
        self.place = lonely.parent
        self.assert_whole()
        self.place = rival.parent
        self.assert_whole()
        # The one that was overtaken learns of it when the folder answers, whatever it is at.
        self.wait_for(lambda: not list((behind / "active").iterdir()))
        self.go_on(jobs[overtaken], 1)
        self.assert_refused(jobs[overtaken].wait(), harness.STATE, "another sweep has taken it over", "the same command continues")
        self.assert_ok(harness.sweep(2, overtaken))
        self.place = overtaken.parent
        self.assert_whole()


if __name__ == "__main__":
    reason = missing()
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(77)
    kit.alone_with_mounts()
    harness.main()
