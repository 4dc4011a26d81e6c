"""What these tests share: a mount namespace of their own, a small sweep, and the bytes that it must reach."""
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
import harness  # noqa: E402

METHODS = '{ name = "sentence_window", window = 1 }, { name = "overlap", size = 64, overlap = 16 }'


def alone_with_mounts():
    """Starts this test again where it may mount: what it mounts vanishes with it, and nobody else sees it. Ends as skipped
    where that is not allowed."""
    if os.environ.get("DREAM_OWN_MOUNTS"):
        return
    unshare = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid() != 0:
        unshare.append("--map-root-user")
    probe = subprocess.run([*unshare, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True)
    if probe.returncode != 0:
        print(f"SKIPPED: no mounts of one's own here: {probe.stderr.strip()}")
        sys.exit(77)
    os.environ["DREAM_OWN_MOUNTS"] = "1"
    os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


def mount(*arguments, patience=0.0):
    """`patience`: seconds to try again in, as while somebody still writes to what becomes read-only."""
    end = time.monotonic() + patience
    while subprocess.run(["mount", *map(str, arguments)], check=time.monotonic() >= end).returncode != 0:
        time.sleep(0.05)


def skip_without(program, package):
    if shutil.which(program) is None:
        raise unittest.SkipTest(f"{program} is not installed (package {package})")


class Case(harness.Case):
    """A sweep in `place`, and what one that nothing disturbs makes of the same input."""

    documents, questions, buckets = 12, 6, 8

    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(harness.tempfile.mkdtemp(prefix="dream_surroundings_"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.corpus, cls.golden = harness.make_corpus(cls.shared, documents=cls.documents, questions=cls.questions)
        cls.expected = cls.untouched()

    @classmethod
    def untouched(cls):
        config = harness.write_config(cls.shared / "untouched", cls.corpus, cls.golden, buckets=cls.buckets, methods=METHODS,
                                      embedders='["small"]')
        ended = harness.sweep(0, config)
        if ended.code != harness.OK:
            raise AssertionError(f"the sweep that nothing disturbs failed: {ended}")
        return harness.tables(config.parent)

    def setUp(self):
        super().setUp()
        self.place = self.folder / "sweep"
        self.state = self.place / "state"
        self.config = harness.write_config(self.place, self.corpus, self.golden, buckets=self.buckets, methods=METHODS,
                                           embedders='["small"]')
        self.state.mkdir(parents=True)

    def assert_whole(self):
        self.assert_same_tables(self.expected, harness.tables(self.place), "after what happened")

    def run_until_stopped_at(self, stage, rank, ranks=2, **how):
        """A job in which one rank waits at the beginning of a stage. go_on() lets it."""
        job = harness.Job(ranks, self.config, "--test-fault", f"{stage}:{rank}:stop", **how)
        self.addCleanup(lambda: job.process.poll() is None and job.kill_all())
        before = harness.STAGES[harness.STAGES.index(stage) - 1]
        self.wait_for(lambda: before in job.text() and self.is_stopped(job, rank), job)
        return job

    def is_stopped(self, job, rank):
        pid = job.rank_processes().get(rank)
        try:
            return pid is not None and pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
        except OSError:
            return False

    def go_on(self, job, rank):
        harness.signal_quietly(job.rank_processes()[rank], harness.signal.SIGCONT)

    def wait_for(self, holds, job=None, seconds=60):
        until = harness.time.monotonic() + seconds
        while not holds():
            if harness.time.monotonic() > until:
                raise AssertionError("it never came" + (f": {job.kill_all()}" if job else ""))
            harness.time.sleep(0.02)
