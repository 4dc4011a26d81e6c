"""slurm/cpu.sbatch with an Open MPI 5 that survives lost ranks (DREAM_FT=ulfm): a job whose mpirun is right about its end, one that
loses a rank and goes on, and one that loses a node, which mpirun gives up with exit code 0.
"""
import os
import pathlib
import shutil
import signal

import kit
from kit import harness

NODE_LOST = "mpirun ended with 0 before the sweep did"


class SurviveJobs(kit.Case):

    def start(self, *arguments):
        if not harness.survives():
            self.skipTest("this build's MPI does not survive the loss of a rank (DREAM_FT=ulfm with Open MPI 5)")
        home = os.path.dirname(shutil.which(harness.MPIEXEC))
        self.submit("cpu.sbatch", *arguments, env={"DREAM_MPIRUN_OPTIONS": "--bind-to none --with-ft ulfm",
                                                   "PATH": os.pathsep.join([home, os.environ["PATH"]])})

    def on_node(self, node, *names):
        """Processes of this job on a node, by the names of their programs."""
        job, place = f"SLURM_JOB_ID={self.job}".encode(), f"SLURMD_NODENAME={node}".encode()
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            variables = kit.read_quietly(folder / "environ").split(b"\0")
            if job in variables and place in variables and kit.read_quietly(folder / "comm").decode().strip() in names:
                found.append(int(folder.name))
        return found

    def assert_no_mark_is_left(self):
        self.assertEqual(list(self.config.parent.glob(".sweep.*")), [])

    def test_a_job_that_ends_has_the_exit_code_of_the_sweep(self):
        self.start()
        self.assertEqual(self.wait_for_end(), "0:0", self.text())
        self.assert_same_tables(self.expected, harness.tables(self.config.parent), "with --ended")
        self.assert_no_mark_is_left()

    def test_a_stopped_job_goes_back_to_the_queue_and_finishes(self):
        self.start()
        self.stop_in_the_middle()
        self.wait_until(lambda: self.show("Restarts") == "1", "queued again")
        self.assertEqual(self.wait_for_end(), "0:0", self.text())
        self.assert_same_tables(self.expected, harness.tables(self.config.parent), "stopped, queued again, finished")
        self.assert_no_mark_is_left()

    def test_a_lost_rank_ends_nothing(self):
        self.start("--test-fault", "embed:1:kill", "--set", "sweep.min_ranks=1")
        self.assertEqual(self.wait_for_end(), "0:0", self.text())
        self.assertIn("goes on with 1 rank", self.text())
        self.assert_same_tables(self.expected, harness.tables(self.config.parent), "a rank was lost")
        self.assert_no_mark_is_left()

    def test_a_lost_node_ends_the_job_and_the_same_line_goes_on(self):
        self.start()
        self.wait_until(lambda: harness.sealed(self.config.parent) > 2, "at work")
        daemons = self.on_node("n2", "prted")
        self.assertTrue(daemons, "mpirun has no daemon on the second node")
        for pid in daemons + self.on_node("n2", "dream_sweep", "dream_reader"):
            harness.signal_quietly(pid, signal.SIGKILL)
        self.assertEqual(self.wait_for_end(), f"{harness.DEVICE}:0", self.text())
        self.assertIn(NODE_LOST, self.text())
        self.assertFalse((self.config.parent / "results" / "results.csv").exists(), "the sweep had ended")
        self.assert_no_mark_is_left()
        config = self.config
        ended = harness.sweep(2, config)
        self.assert_ok(ended)
        self.assert_same_tables(self.expected, harness.tables(config.parent), "after a lost node")


if __name__ == "__main__":
    kit.main()
