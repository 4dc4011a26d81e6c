"""What the tests of the job scripts share: a real Slurm with two emulated nodes, and jobs in it. DREAM_SCRATCH is a folder to
work in; it must not lie under /tmp.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import harness  # noqa: E402

DAEMONS = ["munged", "slurmctld", "slurmd", "sbatch", "unshare"]
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL")


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


def main():
    reason = missing()
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(77)
    harness.main()


class Case(harness.Case):
    """Cases with a Slurm of their own, and the tables that a run without it gives."""

    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="slurm_", dir=os.environ.get("DREAM_SCRATCH")))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.slurm = subprocess.Popen(["bash", HERE / "slurm_up.sh", cls.place / "slurm"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.take_down)
        if cls.slurm.stdout.readline() != "ready\n":
            raise AssertionError("Slurm did not come up")
        os.environ["SLURM_CONF"] = str(cls.place / "slurm" / "slurm.conf")
        cls.corpus, cls.golden = harness.make_corpus(cls.place, documents=120, questions=12)
        plain = cls.write_config(cls.place / "plain")
        ended = harness.sweep(0, plain)
        if ended.code != harness.OK:
            raise AssertionError(f"the plain run failed: {ended}")
        cls.expected = harness.tables(plain.parent)

    @classmethod
    def take_down(cls):
        cls.slurm.stdin.close()
        cls.slurm.wait(harness.HANG)
        cls.slurm.stdout.close()

    @classmethod
    def write_config(cls, folder):
        return harness.write_config(folder, cls.corpus, cls.golden)

    # ---- jobs -----------------------------------------------------------------------------------------------------

    def new_config(self):
        """Sets self.config and self.log, in a folder that all nodes see."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.place))
        self.config = self.write_config(folder)
        self.log = folder / "job.out"

    def variables(self, env=None):
        return {**harness.environment(), "DREAM_BIN": str(harness.PROGRAMS), "DREAM_HOME": str(harness.SOURCE),
                "OMPI_MCA_mpi_yield_when_idle": "1", **(env or {})}

    def submit(self, script, *arguments, options=("--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1", "--time=5"),
               env=None):
        """Two ranks on two nodes, unless `options` say otherwise. Sets self.job."""
        self.new_config()
        sbatch = ["sbatch", "--parsable", f"--chdir={self.config.parent}", f"--output={self.log}", *options,
                  harness.SOURCE / "slurm" / script, self.config, *arguments]
        done = subprocess.run(sbatch, env=self.variables(env), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.job = done.stdout.strip()
        self.addCleanup(subprocess.run, ["scancel", "--quiet", self.job])

    def pipeline(self, *arguments, answer="", env=None):
        """Submits slurm/pipeline.sh and returns the numbers of its three jobs; self.job is the last."""
        self.new_config()
        small = "--ntasks-per-node=1 --cpus-per-task=1 --time=5"
        variables = self.variables({"DREAM_SBATCH": f"--chdir={self.config.parent} --output={self.log}", "DREAM_SBATCH_LOOK": small,
                                    "DREAM_SBATCH_RETRIEVE": f"--nodes=2 {small}", "DREAM_SBATCH_ANSWER": answer or small,
                                    **(env or {})})
        done = subprocess.run(["bash", harness.SOURCE / "slurm" / "pipeline.sh", self.config, *arguments], env=variables,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        jobs = done.stdout.split()
        self.assertEqual(len(jobs), 3, done.stdout)
        for job in jobs:
            self.addCleanup(subprocess.run, ["scancel", "--quiet", job])
        self.job = jobs[-1]
        return jobs

    def show(self, field, job=None):
        shown = subprocess.run(["scontrol", "show", "job", job or self.job], check=True, capture_output=True, text=True).stdout
        return re.search(rf"\b{field}=(\S+)", shown)[1]

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else "(no output)"

    def wait_until(self, true, what):
        end = time.monotonic() + harness.HANG
        while not true():
            if time.monotonic() > end:
                self.fail(f"job {self.job} is {self.show('JobState')}, not {what}; it said:\n{self.text()}")
            time.sleep(0.2)

    def wait_for_end(self, job=None):
        self.wait_until(lambda: self.show("JobState", job) in ENDED, "ended")
        return self.show("ExitCode", job)

    def stop_in_the_middle(self):
        """What Slurm does by itself --signal seconds before the time limit: USR1 to the batch shell, and to nobody else."""
        self.wait_until(lambda: harness.sealed(self.config.parent) > 2, "at work")
        subprocess.run(["scancel", "--signal=USR1", "--batch", self.job], check=True)

    def left_running(self):
        """Processes whose command line names this job's config."""
        ours = str(self.config).encode()
        return [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline") if ours in read_quietly(p)]


def read_quietly(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
