"""Under an MPI that survives the loss of a rank (Open MPI 5 with ULFM; DREAM_FT=ulfm) a sweep goes on without the ranks that it
loses, in the same job: same bytes, nothing made twice, exit code 0.
"""
import time

import harness

RANKS = 3
SOON = 60  # seconds; generous for a loaded machine


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
                                      "sweep.min_ranks=1", timeout=SOON)
                self.assert_ok(ended)
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

    def test_too_few_ranks_end_with_the_code_for_continue_me(self):
        config = self.config_in("few")
        ended = harness.sweep(RANKS, config, "--test-fault", "embed:1:kill", "--set", "sweep.min_ranks=3", timeout=SOON)
        self.assert_refused(ended, harness.RESUMABLE, "2 of 3 are left", "sweep.min_ranks", "the same command continues")
        self.assert_ok(harness.sweep(2, config))


harness.main()
