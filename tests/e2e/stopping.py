"""Asked to stop, by a signal to any rank or by the clock, all ranks end at a safe point with code 75, and the same command
goes on from there.
"""
import signal
import time

import harness


class Stopping(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=40)
        self.config = harness.write_config(self.folder / "stopped", self.corpus, self.golden)
        self.stopped = self.folder / "stopped"

    def when_at_work(self, ranks):
        """A job that has sealed something new."""
        before = harness.sealed(self.stopped)
        job = harness.Job(ranks, self.config)
        while harness.sealed(self.stopped) == before and job.process.poll() is None:
            time.sleep(0.01)
        return job

    def assert_goes_on_to_the_same(self):
        self.assert_ok(harness.sweep(0, harness.write_config(self.folder / "untouched", self.corpus, self.golden)))
        self.assert_ok(harness.sweep(2, self.config))
        self.assert_same_tables(harness.tables(self.folder / "untouched"), harness.tables(self.stopped), "after stops")

    def test_each_signal_stops_all_ranks_wherever_it_arrives(self):
        for rank, number in ((1, signal.SIGUSR1), (0, signal.SIGINT), (1, signal.SIGTERM)):
            job = self.when_at_work(2)
            harness.signal_quietly(job.rank_processes()[rank], number)
            self.assert_refused(job.wait(30), harness.RESUMABLE, signal.Signals(number).name, "the same command continues")
        self.assert_goes_on_to_the_same()

    def test_a_second_interrupt_ends_at_once(self):
        codes = []
        while 130 not in codes and len(codes) < 5:  # a stop may be quicker than the second one
            job = self.when_at_work(0)
            for _ in range(2):
                harness.signal_quietly(job.process.pid, signal.SIGINT)
                time.sleep(0.001)
            codes.append(job.wait(30).code)
        self.assertIn(130, codes)
        self.assertLessEqual(set(codes), {harness.RESUMABLE, 130})

    def test_the_job_stops_before_its_wall_time(self):
        """A margin in which nothing is left stops the run at its first safe point; a second run has time."""
        limits = ("--set", "sweep.wall_hours=0.01", "--set")
        ended = harness.sweep(2, self.config, *limits, "sweep.wall_margin_minutes=0.6")
        self.assert_refused(ended, harness.RESUMABLE, "sweep.wall_hours = 0.01", "the same command continues")
        self.assert_ok(harness.sweep(2, self.config, "--set", "sweep.wall_hours=10"))

    def test_starts_that_add_nothing_come_to_an_end(self):
        """As a launcher would start them again and again, with a limit that is too short for anything."""
        limits = ("--set", "sweep.wall_hours=0.01", "--set", "sweep.wall_margin_minutes=0.6")
        for _ in range(5):
            self.assertEqual(harness.sweep(0, self.config, *limits).code, harness.RESUMABLE)
        self.assert_refused(harness.sweep(0, self.config, *limits), harness.STATE, "no progress: 5 starts of sweep", "start it again")
        self.assert_ok(harness.sweep(2, self.config))
        self.assertEqual(list((self.config.parent / "state" / "starts").iterdir()), [], "counted on after the end")


harness.main()
