"""Whatever one rank meets, all ranks end within seconds with the same exit code and one message; and the same command
goes on from there. --test-fault STAGE:RANK:KIND breaks one rank at the start of a stage.
"""
import harness

RANKS = 3
SOON = 30  # seconds; generous for a loaded machine, far below any deadline inside


class Faults(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=20)
        self.config = self.config_in("broken")
        self.broken = self.folder / "broken"

    def config_in(self, name):
        return harness.write_config(self.folder / name, self.corpus, self.golden, buckets=8,
                                    methods='{ name = "hierarchical", sizes = [128, 64, 32] }')

    def break_rank(self, stage, rank, kind):
        job = harness.Job(RANKS, self.config, "--test-fault", f"{stage}:{rank}:{kind}")
        ended = job.wait(SOON)
        self.assertEqual(harness.descendants(job.process.pid), [], "ranks are left behind")
        return ended

    def assert_whole_after_one_more_run(self, before):
        """The next run keeps what was sealed and ends with the bytes of a run that nothing broke."""
        self.assert_ok(harness.sweep(0, self.config_in("unbroken")))
        self.assert_ok(harness.sweep(2, self.config))
        self.assert_same_tables(harness.tables(self.folder / "unbroken"), harness.tables(self.broken), "after faults")
        after = harness.part_stamps(self.broken)
        self.assertEqual({name: after.get(name) for name in before}, before, "a sealed part was lost or written again")

    def test_a_throw_in_any_stage_on_any_rank_ends_all_with_one_message(self):
        """Invariant 4: same exit code, one message, nothing hangs. Invariant 1: and the rest is as if nothing had been."""
        kept = {}
        for stage in harness.STAGES:
            for rank in range(RANKS):
                with self.subTest(stage=stage, rank=rank):
                    ended = self.break_rank(stage, rank, "throw")
                    self.assert_refused(ended, harness.BUG, "a fault that a test asked for")
                    now = harness.part_stamps(self.broken)
                    self.assertEqual({name: now.get(name) for name in kept}, kept)
                    kept = now
        self.assert_whole_after_one_more_run(kept)

    def test_sigterm_on_one_rank_stops_all_with_exit_code_75(self):
        """Invariant 4: a request to stop on any rank; the message says that the same command continues."""
        for stage, rank in (("chunk", 2), ("embed", 1), ("select", 0)):
            with self.subTest(stage=stage, rank=rank):
                ended = self.break_rank(stage, rank, "term")
                self.assert_refused(ended, harness.RESUMABLE, "SIGTERM", "the same command continues")
        self.assert_whole_after_one_more_run(harness.part_stamps(self.broken))

    def test_a_killed_rank_ends_the_job_and_loses_nothing(self):
        """Invariant 2: SIGKILL of one rank loses no sealed part."""
        kept = {}
        for stage, rank in (("gold", 0), ("embed", 1), ("search", 2), ("score", 1)):
            with self.subTest(stage=stage, rank=rank):
                ended = self.break_rank(stage, rank, "kill")
                self.assertNotIn(ended.code, (harness.OK, harness.RESUMABLE), ended)
                now = harness.part_stamps(self.broken)
                self.assertEqual({name: now.get(name) for name in kept}, kept)
                kept = now
        self.assert_whole_after_one_more_run(kept)


harness.main()
