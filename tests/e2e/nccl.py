"""Vectors that travel over NCCL: the library that stands in for it is found where the real one would be looked for."""
import os
import signal
import time

import harness

STAND_IN = harness.PROGRAMS.parent / "stand_in"
SILENT_RANK_1 = 'if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then export DREAM_STAND_IN_SILENT_FROM=1; fi; exec "$@"'


def with_nccl(**more):
    return {"LD_LIBRARY_PATH": f"{STAND_IN}:{os.environ.get('LD_LIBRARY_PATH', '')}", **more}


class OverNccl(harness.Case):

    def setUp(self):
        super().setUp()
        self.assertTrue((STAND_IN / "libnccl.so.2").exists(), f"build the target dream_stand_in: {STAND_IN}")
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=16, questions=8)

    def sweep(self, ranks, name, exchange, env=None):
        config = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=16)
        return harness.sweep(ranks, config, "--set", f'device.exchange="{exchange}"', env=env)

    def test_the_same_bytes_as_over_mpi(self):
        self.assert_ok(self.sweep(3, "mpi", "mpi"))
        reference, parts = harness.tables(self.folder / "mpi"), harness.part_digests(self.folder / "mpi")
        self.assertEqual(harness.manifest(self.folder / "mpi")["vectors_over"], "mpi")
        for ranks in (1, 2, 3):
            name = f"nccl{ranks}"
            self.assert_ok(self.sweep(ranks, name, "nccl", with_nccl()))
            self.assertEqual(harness.manifest(self.folder / name)["vectors_over"], "nccl")
            self.assert_same_tables(reference, harness.tables(self.folder / name), f"{ranks} ranks over NCCL")
            self.assertEqual(parts, harness.part_digests(self.folder / name))
        log = (self.folder / "nccl3" / "results" / "sweep.log").read_text()
        self.assertIn("vectors travel over NCCL 2.28.9, a GPU for each rank", log)

    def test_forced_and_impossible_is_one_error_before_any_work(self):
        for env in (with_nccl(DREAM_STAND_IN_GPUS="1"), with_nccl(DREAM_STAND_IN_GPUS="0")):
            ended = self.sweep(2, "refused", "nccl", env)
            self.assert_refused(ended, 6, 'device.exchange = "nccl" cannot be', "rank")
        self.assertFalse((self.folder / "refused" / "state" / "parts").exists())

    def test_an_error_of_nccl_ends_all_ranks_and_the_next_run_goes_on(self):
        ended = self.sweep(3, "broken", "nccl", with_nccl(DREAM_STAND_IN_FAIL_GROUP="1"))
        self.assertEqual(ended.code, 6, ended)
        self.assertIn("the test wanted it so", ended.text)
        self.assertLess(ended.seconds, 60)
        self.assert_ok(self.sweep(2, "broken", "auto"))
        self.assert_ok(self.sweep(0, "alone", "auto"))
        self.assert_same_tables(harness.tables(self.folder / "alone"), harness.tables(self.folder / "broken"), "after an error")

    def test_a_rank_that_dies_while_vectors_move(self):
        """Rank 1 stands still in the second group of messages, so the others are held in NCCL when it is killed. Where MPI
        survives that (DREAM_FT=ulfm) they go on in the same job, over NCCL again; elsewhere the job ends, and the next goes on."""
        self.assert_ok(self.sweep(0, "alone", "auto"))
        config = harness.write_config(self.folder / "killed", self.corpus, self.golden, buckets=16)
        job = harness.Job(3, config, "--set", 'device.exchange="nccl"', "--set", "sweep.min_ranks=1", env=with_nccl(),
                          wrapper=["sh", "-c", SILENT_RANK_1, "sh"])
        self.await_stillness(job, self.folder / "killed")
        harness.signal_quietly(job.rank_processes()[1], signal.SIGKILL)
        ended = job.wait(60)
        if harness.survives():
            self.assert_ok(ended)
            self.assertIn("goes on with 2 ranks", ended.text)
            self.assertEqual(harness.manifest(self.folder / "killed")["vectors_over"], "nccl")
        else:
            self.assertNotEqual(ended.code, 0)
            self.assert_ok(self.sweep(2, "killed", "auto"))
        self.assert_same_tables(harness.tables(self.folder / "alone"), harness.tables(self.folder / "killed"), "after a kill")
        self.assertEqual(harness.part_digests(self.folder / "alone"), harness.part_digests(self.folder / "killed"))

    def await_stillness(self, job, place):
        """Until no part has been sealed for a second, and some were."""
        sealed, since = 0, time.monotonic()
        while sealed == 0 or time.monotonic() - since < 1:
            self.assertIsNone(job.process.poll(), job.text())
            if harness.sealed(place) != sealed:
                sealed, since = harness.sealed(place), time.monotonic()
            time.sleep(0.02)
        self.assertFalse((place / "results" / "results.csv").exists(), "nothing stood still")


harness.main()
