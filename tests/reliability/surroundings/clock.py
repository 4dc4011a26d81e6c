"""The time of day jumps while a sweep runs, on all hosts or on one: same bytes, no claim taken for dead, no budget spent by it."""
import json
import pathlib

import kit
from kit import harness

LIBRARIES = [*pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")]


class Clock(kit.Case):

    def setUp(self):
        super().setUp()
        if not LIBRARIES:
            raise kit.unittest.SkipTest("libfaketime is not installed")
        self.clock = self.folder / "clock"

    def set_clock(self, offset):
        """The program reads the file again at each look at the clock."""
        beside = self.folder / "clock.new"
        beside.write_text(offset + "\n")
        beside.rename(self.clock)

    def jumping(self):
        # A clock that is set leaves CLOCK_MONOTONIC alone, and so does this.
        return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}

    def test_jumps_in_the_middle_change_nothing(self):
        for jump in ("+3d", "-400d"):
            with self.subTest(jump=jump):
                kit.shutil.rmtree(self.state, ignore_errors=True)
                self.set_clock("+0")
                job = self.run_until_stopped_at("index", 1, env=self.jumping())
                self.set_clock(jump)
                self.go_on(job, 1)
                self.assert_ok(job.wait())
                log = (self.place / "results" / "sweep.log").read_text().splitlines()
                self.assertNotEqual(log[0][:10], log[-1][:10], "the clock of the test did not jump")
                self.assert_whole()

    def test_a_jump_spends_no_hours_and_keeps_the_claim(self):
        self.set_clock("+0")
        self.config.write_text(self.config.read_text() + "[objective]\nbudget = { hours = 1.0 }\n")
        job = self.run_until_stopped_at("select", 1, env=self.jumping())
        self.set_clock("+3d")
        # Another sweep, whose clock did not jump, still sees the first one's beat.
        other = harness.write_config(self.folder / "other", self.corpus, self.golden, buckets=self.buckets)
        refused = harness.sweep(0, other, "--set", f'sweep.state="{self.state}"')
        self.assert_refused(refused, harness.STATE, "another sweep works here")
        self.go_on(job, 1)
        self.assert_ok(job.wait())
        seen = kit.subprocess.run([harness.PROGRAMS / "state_inspect", self.state, "--json"], capture_output=True, check=True)
        self.assertLess(json.loads(seen.stdout)["spent"][0]["hours"], 0.5)
        self.assert_whole()


if __name__ == "__main__":
    harness.main()
