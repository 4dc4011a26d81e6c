"""Under an MPI that survives the loss of a rank (Open MPI 5 with ULFM; DREAM_FT=ulfm) a sweep goes on without the ranks that it
loses, in the same job: same bytes, nothing made twice, exit code 0.
"""
import ctypes
import os
import pathlib
import signal
import tempfile
import time
import unittest

import harness

RANKS = 3
SOON = 60  # seconds; generous for a loaded machine
PIDFD_GETFD = 438  # the number of a system call that Python has no name for


class Survive(harness.Case):

    def setUp(self):
        super().setUp()
        if not harness.survives():
            self.skipTest("this build's MPI does not survive the loss of a rank (DREAM_FT=ulfm with Open MPI 5)")
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=12)

    def config_in(self, name, more=""):
        return harness.write_config(self.folder / name, self.corpus, self.golden, buckets=8, more=more,
                                    methods='{ name = "hierarchical", sizes = [128, 64, 32] }')

    def untouched(self):
        self.assert_ok(harness.sweep(0, self.config_in("untouched")))
        return harness.tables(self.folder / "untouched"), harness.part_digests(self.folder / "untouched")

    def assert_as_untouched(self, name, tables, parts):
        self.assert_same_tables(tables, harness.tables(self.folder / name), name)
        self.assertEqual(harness.part_digests(self.folder / name), parts)

    def test_a_lost_rank_ends_nothing(self):
        """Invariants 1 to 4: a worker, rank 0, two in turn, two at once, a stopped one; the job goes on and ends with 0."""
        tables, parts = self.untouched()
        for faults, left in (("embed:1:kill", 2), ("embed:0:kill", 2), ("score:0:kill", 2), ("chunk:0:kill,select:1:kill", 1),
                             ("embed:0:kill,embed:2:kill", 1), ("index:2:stop", 2)):
            with self.subTest(faults=faults):
                name = faults.replace(":", "-").replace(",", "-")
                ended = harness.sweep(RANKS, self.config_in(name), "--test-fault", faults, "--stopped-limit", "2", "--set",
                                      "sweep.min_ranks=1", "--ended", self.folder / "ended", timeout=SOON)
                self.assert_ok(ended)
                self.assertEqual((self.folder / "ended").read_text(), "0\n")
                (self.folder / "ended").unlink()
                self.assertIn(f"goes on with {left} rank", ended.text)
                for fault in faults.split(","):
                    self.assertIn(f"rank {fault.split(':')[1]} on ", ended.text)
                self.assert_as_untouched(name, tables, parts)

    def test_who_follows_rank_0_needs_nothing_that_only_rank_0_could_read(self):
        """Launchers often give the config file and the environment to rank 0's host alone."""
        tables, parts = self.untouched()
        config = self.config_in("alone")
        job = harness.Job(RANKS, config, "--test-fault", "select:0:kill")
        while "3 ranks" not in job.text() and job.process.poll() is None:
            time.sleep(0.005)
        config.unlink()
        ended = job.wait(SOON)
        self.assert_ok(ended)
        self.assertIn("goes on with 2 ranks", ended.text)
        self.assert_as_untouched("alone", tables, parts)

    def test_a_death_that_the_launcher_reaps_before_the_connection_breaks(self):
        """The order of the two is chance. In this one the launcher of Open MPI 5 would keep those that are left in MPI_Finalize."""
        tables, parts = self.untouched()
        job = harness.Job(RANKS, self.config_in("reaped"), "--test-fault", "embed:1:stop", "--stopped-limit", "300")
        victim = None
        while victim is None or state_of(victim) != "T":
            self.assertIsNone(job.process.poll(), job.text())
            time.sleep(0.01)
            victim = job.rank_processes().get(1)
        held = hold_connections(victim)
        harness.signal_quietly(victim, signal.SIGKILL)
        try:
            ended = job.wait(SOON)
        finally:
            for fd in held:
                os.close(fd)
        self.assert_ok(ended)
        self.assertIn("goes on with 2 ranks", ended.text)
        self.assert_as_untouched("reaped", tables, parts)

    def test_a_killed_launcher_leaves_nothing_to_the_next_one_with_its_number(self):
        """Open MPI 5 does not start where it finds the files of such a one."""
        job = harness.Job(RANKS, self.config_in("killed"))
        while "3 ranks" not in job.text():
            self.assertIsNone(job.process.poll(), job.text())
            time.sleep(0.01)
        left = [pathlib.Path(folder) / f"ompi.{job.process.pid}" for folder in (job.session.name, tempfile.gettempdir())]
        self.assertTrue(left[0].exists())
        job.kill_all()
        self.assertEqual([folder for folder in left if folder.exists()], [])

    def test_too_few_ranks_end_with_the_code_for_continue_me(self):
        config = self.config_in("few")
        ended = harness.sweep(RANKS, config, "--test-fault", "embed:1:kill", "--set", "sweep.min_ranks=3", "--ended",
                              self.folder / "ended", timeout=SOON)
        self.assertEqual((self.folder / "ended").read_text(), f"{harness.RESUMABLE}\n")
        self.assert_refused(ended, harness.RESUMABLE, "2 of 3 are left", "sweep.min_ranks", "the same command continues")
        self.assert_ok(harness.sweep(2, config))


def state_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return None


def hold_connections(pid):
    """Our own hold on the sockets of a process: they stay open when it is gone."""
    system = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    held = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        if os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:"):
            held.append(system.syscall(PIDFD_GETFD, process, int(fd), 0))
    os.close(process)
    if -1 in held:
        raise unittest.SkipTest(f"pidfd_getfd is not allowed here: {os.strerror(ctypes.get_errno())}")
    return held


harness.main()
