"""slurm/cpu.sbatch and slurm/gpu.sbatch under a real Slurm: plain jobs by mpirun and by srun, on pretended GPUs, stopped before
the time limit and back in the queue, not allowed back, cancelled; and slurm/pipeline.sh, which makes three of them.
"""
import subprocess

import kit
from kit import harness

GPUS = ("--nodes=2", "--ntasks-per-node=2", "--cpus-per-task=1", "--time=5")


class SweepJobs(kit.Case):

    def assert_sweep(self, what):
        self.assertEqual(self.wait_for_end(), "0:0", self.text())
        self.assert_same_tables(self.expected, harness.tables(self.config.parent), what)

    def test_a_job_gives_the_tables_of_a_plain_run(self):
        self.submit("cpu.sbatch", "--set", "sweep.name=\"under slurm\"")
        self.assert_sweep("two nodes of Slurm")
        manifest = harness.manifest(self.config.parent)
        self.assertIn("n1", str(manifest))
        self.assertIn("n2", str(manifest))
        self.assertIn("under slurm", self.text(), "options after the config reach the program")

    def test_an_error_of_the_program_is_the_exit_code_of_the_job(self):
        self.submit("cpu.sbatch", "--set", "space.top_k=[0]")
        self.assertEqual(self.wait_for_end(), f"{harness.CONFIG}:0", self.text())

    def test_an_unknown_launcher_is_refused(self):
        self.submit("cpu.sbatch", env={"DREAM_LAUNCHER": "mpiexec"})
        self.assertEqual(self.wait_for_end(), "2:0", self.text())
        self.assertIn("mpirun or srun, not mpiexec", self.text())

    def test_a_stopped_job_goes_back_to_the_queue_and_finishes(self):
        self.submit("cpu.sbatch")
        self.stop_in_the_middle()
        self.wait_until(lambda: self.show("Restarts") == "1", "queued again")
        self.assertFalse((self.config.parent / "results" / "results.csv").exists(), "stopped in the middle")
        self.assert_sweep("stopped, queued again, finished")
        self.assertEqual(self.text().count("goes back to the queue"), 1, self.text())

    def test_a_stopped_job_that_may_not_go_back_ends_with_75(self):
        self.submit("cpu.sbatch", env={"DREAM_MAX_REQUEUES": "0"})
        self.stop_in_the_middle()
        self.assertEqual(self.wait_for_end(), f"{harness.RESUMABLE}:0", self.text())
        self.assertEqual(self.show("Restarts"), "0")
        self.assertFalse((self.config.parent / "results" / "results.csv").exists(), "stopped in the middle")

    def test_a_cancelled_job_stays_away_and_leaves_nothing_running(self):
        self.submit("cpu.sbatch")
        self.wait_until(lambda: harness.sealed(self.config.parent) > 2, "at work")
        subprocess.run(["scancel", self.job], check=True)
        self.wait_for_end()
        self.assertEqual(self.show("JobState"), "CANCELLED", self.text())
        self.assertNotIn("goes back to the queue", self.text())
        self.assertEqual(self.left_running(), [])

    def test_srun_starts_the_ranks_and_passes_the_wish_to_stop_on(self):
        self.submit("cpu.sbatch", env={"DREAM_LAUNCHER": "srun", "DREAM_WRAPPER": "nice -n 1"})
        self.stop_in_the_middle()
        self.wait_until(lambda: self.show("Restarts") == "1", "queued again")
        self.assert_sweep("by srun, stopped, queued again, finished")
        self.assertEqual(len(harness.manifest(self.config.parent)["ranks"]), 2, "srun started two sweeps of one rank")

    def test_gpu_jobs_reserve_gpus_and_run_on_the_cores(self):
        see = self.place / "see"
        see.write_text('#!/usr/bin/env bash\necho "rank sees GPUs ${CUDA_VISIBLE_DEVICES:-none}"\nexec "$@"\n')
        see.chmod(0o755)
        for what, gpus, seen in (("a rank per GPU", 2, "0,1"), ("two ranks per GPU", 1, "0")):
            with self.subTest(what):
                self.submit("gpu.sbatch", options=(*GPUS, f"--gpus-per-node={gpus}"),
                            env={"DREAM_WRAPPER": str(see), "DREAM_LAUNCHER": "srun"})
                self.assert_sweep(what)
                self.assertEqual(self.text().count(f"rank sees GPUs {seen}\n"), 4, self.text())

    def test_a_forced_gpu_is_refused(self):
        self.submit("gpu.sbatch", "--set", "device.backend=cuda", options=(*GPUS, "--gpus-per-node=2"))
        code = harness.DEVICE if harness.built_with_cuda() else harness.CONFIG
        self.assertEqual(self.wait_for_end(), f"{code}:0", self.text())

    def test_a_pipeline_is_three_jobs_in_order(self):
        jobs = self.pipeline()
        self.assert_sweep("look, retrieve, answer")
        self.assertIn("no problems found", self.text())
        ends = [(self.show("StartTime", job), self.show("EndTime", job)) for job in jobs]
        for (_, ended), (started, _) in zip(ends, ends[1:]):
            self.assertLessEqual(ended, started, "started before the one before had ended")
        made = harness.made_now(self.config.parent)
        self.assertEqual({made["chunk"], made["search"]}, {0}, "the last job retrieved again")
        self.assertGreater(made["score"], 0)

    def test_a_pipeline_ends_at_the_first_mistake(self):
        jobs = self.pipeline("--set", "space.top_k=[0]")
        self.assertEqual(self.wait_for_end(jobs[0]), f"{harness.CONFIG}:0", self.text())
        for job in jobs[1:]:
            self.wait_for_end(job)
            self.assertEqual(self.show("JobState", job), "CANCELLED")
        self.assertFalse((self.config.parent / "state").exists(), "a later job ran")


if __name__ == "__main__":
    kit.main()
