"""slurm/cpu.sbatch under a real Slurm with two emulated nodes: a plain job, one that is stopped before its time limit and goes
back to the queue, one that may not go back. DREAM_SCRATCH is a folder to work in.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import harness  # noqa: E402

SCRIPT = harness.SOURCE / "slurm" / "cpu.sbatch"
DAEMONS = ["munged", "slurmctld", "slurmd", "sbatch", "unshare"]


def missing():
    """Why no Slurm can be started here, or None."""
    if os.geteuid() != 0:
        return "only root can start Slurm's daemons"
    os.environ["PATH"] += os.pathsep + os.pathsep.join(["/usr/sbin", "/sbin"])
    absent = [name for name in DAEMONS if shutil.which(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (packages slurmctld slurmd slurm-client munge)"
    if subprocess.run(["unshare", "--mount", "--uts", "true"], capture_output=True).returncode != 0:
        return "unshare --mount --uts is not allowed here"
    return None


class CpuSbatch(harness.Case):

    @classmethod
    def setUpClass(cls):
        scratch = os.environ.get("DREAM_SCRATCH")
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="slurm_", dir=scratch))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.slurm = subprocess.Popen(["bash", HERE / "slurm_up.sh", cls.place / "slurm"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.take_down)
        if cls.slurm.stdout.readline() != "ready\n":
            raise AssertionError("Slurm did not come up")
        os.environ["SLURM_CONF"] = str(cls.place / "slurm" / "slurm.conf")
        cls.corpus, cls.golden = harness.make_corpus(cls.place, documents=120, questions=12)
        plain = harness.write_config(cls.place / "plain", cls.corpus, cls.golden)
        ended = harness.sweep(0, plain)
        if ended.code != harness.OK:
            raise AssertionError(f"the plain run failed: {ended}")
        cls.expected = harness.tables(plain.parent)

    @classmethod
    def take_down(cls):
        cls.slurm.stdin.close()
        cls.slurm.wait(harness.HANG)
        cls.slurm.stdout.close()

    # ---- jobs -----------------------------------------------------------------------------------------------------

    def submit(self, *arguments, env=None):
        """Two ranks on two nodes. Sets self.job and self.log."""
        folder = self.place / self._testMethodName
        self.config = harness.write_config(folder, self.corpus, self.golden)
        self.log = folder / "job.out"
        sbatch = ["sbatch", "--parsable", "--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1", "--time=5",
                  f"--chdir={folder}", f"--output={self.log}", SCRIPT, self.config, *arguments]
        variables = {**harness.environment(), "DREAM_BIN": str(harness.PROGRAMS), **(env or {})}
        variables.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")
        self.job = subprocess.run(sbatch, env=variables, check=True, capture_output=True, text=True).stdout.strip()
        self.addCleanup(subprocess.run, ["scancel", "--quiet", self.job])

    def show(self, field):
        shown = subprocess.run(["scontrol", "show", "job", self.job], check=True, capture_output=True, text=True).stdout
        return re.search(rf"\b{field}=(\S+)", shown)[1]

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else "(no output)"

    def wait_until(self, true, what):
        end = time.monotonic() + harness.HANG
        while not true():
            if time.monotonic() > end:
                self.fail(f"job {self.job} is {self.show('JobState')}, not {what}; it said:\n{self.text()}")
            time.sleep(0.2)

    def wait_for_end(self):
        self.wait_until(lambda: self.show("JobState") in ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"), "ended")
        return self.show("ExitCode")

    def stop_in_the_middle(self):
        """What Slurm does by itself --signal seconds before the time limit: USR1 to the batch shell, and to nobody else."""
        self.wait_until(lambda: harness.sealed(self.config.parent) > 2, "at work")
        subprocess.run(["scancel", "--signal=USR1", "--batch", self.job], check=True)

    # ---- cases ----------------------------------------------------------------------------------------------------

    def test_a_job_gives_the_tables_of_a_plain_run(self):
        self.submit("--set", "sweep.name=\"under slurm\"")
        self.assertEqual(self.wait_for_end(), "0:0", self.text())
        self.assert_same_tables(self.expected, harness.tables(self.config.parent), "two nodes of Slurm")
        manifest = harness.manifest(self.config.parent)
        self.assertIn("n1", str(manifest))
        self.assertIn("n2", str(manifest))
        self.assertIn("under slurm", self.text(), "options after the config reach the program")

    def test_an_error_of_the_program_is_the_exit_code_of_the_job(self):
        self.submit("--set", "space.top_k=[0]")
        self.assertEqual(self.wait_for_end(), f"{harness.CONFIG}:0", self.text())

    def test_a_stopped_job_goes_back_to_the_queue_and_finishes(self):
        self.submit()
        self.stop_in_the_middle()
        self.wait_until(lambda: self.show("Restarts") == "1", "queued again")
        self.assertFalse((self.config.parent / "results" / "results.csv").exists(), "stopped in the middle")
        self.assertEqual(self.wait_for_end(), "0:0", self.text())
        self.assertEqual(self.text().count("goes back to the queue"), 1, self.text())
        self.assert_same_tables(self.expected, harness.tables(self.config.parent), "stopped, queued again, finished")

    def test_a_stopped_job_that_may_not_go_back_ends_with_75(self):
        self.submit(env={"DREAM_MAX_REQUEUES": "0"})
        self.stop_in_the_middle()
        self.assertEqual(self.wait_for_end(), f"{harness.RESUMABLE}:0", self.text())
        self.assertEqual(self.show("Restarts"), "0")
        self.assertFalse((self.config.parent / "results" / "results.csv").exists(), "stopped in the middle")

    def test_a_cancelled_job_stays_away_and_leaves_nothing_running(self):
        self.submit()
        self.wait_until(lambda: harness.sealed(self.config.parent) > 2, "at work")
        subprocess.run(["scancel", self.job], check=True)
        self.wait_for_end()
        self.assertEqual(self.show("JobState"), "CANCELLED", self.text())
        self.assertNotIn("goes back to the queue", self.text())
        ours = str(self.config).encode()
        left = [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline") if ours in read_quietly(p)]
        self.assertEqual(left, [])


def read_quietly(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


if __name__ == "__main__":
    reason = missing()
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(77)
    harness.main()
