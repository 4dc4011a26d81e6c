"""jobs/on_hosts.sh on three emulated hosts with sshd, as a user without capabilities: an ordinary sweep with an env file, a stop at a
safe point, a host that loses its power in the middle, and what is wrong before anything starts.
"""
import os
import shutil
import signal
import sys
import time

import kit
from kit import USER, harness


class OnHosts(kit.HostsCase):
    HOSTS = ["desk", "east", "west"]
    HOSTFILE = "# two workers\neast slots=2\nwest slots=1\n"

    # ---- cases ------------------------------------------------------------------------------------------------------

    def test_a_sweep_over_two_hosts_with_an_env_file(self):
        self.config.write_text(self.config.read_text().replace('name = "e2e"', 'name = "${WHOSE}"'))
        (self.work / "site.env").write_text("export WHOSE='of the env file'\n")
        self.start(self.hostfile, self.config, "--env-file", "site.env")
        self.assert_finished("three ranks on two hosts")
        manifest = harness.manifest(self.work)
        hosts = [rank["host"] for rank in manifest["ranks"]]
        self.assertEqual(hosts, ["east", "east", "west"])
        self.assertIn("of the env file", self.text)
        self.assertEqual(self.ranks_on("east"), [])

    def test_asked_to_stop_it_stops_at_a_safe_point_and_goes_on_later(self):
        self.start(self.hostfile, self.config)
        self.wait_until_at_work()
        self.job.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(), harness.RESUMABLE, self.text)
        self.assertFalse((self.work / "results" / "results.csv").exists(), "stopped in the middle")
        self.start(self.hostfile, self.config)
        self.assert_finished("stopped and continued")

    def test_a_host_that_loses_its_power_is_left_out_of_the_next_try(self):
        self.start(self.hostfile, self.config)
        self.wait_until_at_work()
        self.power_off("west")
        self.assert_finished("a host was lost")
        self.assertIn("goes on, on 1 of 2 hosts", self.text)
        self.assertEqual([rank["host"] for rank in harness.manifest(self.work)["ranks"]], ["east", "east"])

    def test_a_host_that_is_cut_off_is_given_up_and_left_out(self):
        self.start(self.hostfile, self.config)
        self.wait_until_at_work()
        self.cut_off("west")
        self.assert_finished("a host was cut off")
        self.assertIn("goes on, on 1 of 2 hosts", self.text)

    def test_a_lost_rank_of_any_host_ends_nothing(self):
        """A worker on the other host, and rank 0, whose claim on the state folder one of the other host then takes over."""
        if not harness.survives():
            self.skipTest("this build's MPI does not survive the loss of a rank (DREAM_FT=ulfm with Open MPI 5)")
        self.hostfile.write_text("east slots=1\nwest slots=2\n")
        for fault, lost, left in (("embed:2:kill", "rank 2 on west", ["east", "west"]),
                                  ("select:0:kill", "rank 0 on east", ["west", "west"])):
            with self.subTest(fault):
                shutil.rmtree(self.work / "state", ignore_errors=True)
                self.start(self.hostfile, self.config, "--test-fault", fault)
                self.assert_finished(fault)
                self.assertIn(f"lost {lost} (process ", self.text)
                self.assertIn("goes on with 2 ranks", self.text)
                self.assertNotIn("of 2 hosts", self.text, "started again")
                self.assertEqual([rank["host"] for rank in harness.manifest(self.work)["ranks"]], left)
                self.assertEqual(list((self.work / "state" / "active").iterdir()), [])

    def test_what_is_wrong_is_said_before_anything_starts(self):
        (self.folder / "wrong_slots").write_text("east slots=2\nwest slots=two\n")
        (self.folder / "unknown_host").write_text("east slots=2\nnorth slots=1\n")
        (self.folder / "no_host").write_text("# nobody\n")
        begin = time.monotonic()
        for hostfile, more, code, said in (("wrong_slots", {}, 2, 'wrong_slots:2: "west slots=two" is not'),
                                           ("no_host", {}, 2, "names no host"), ("absent", {}, 2, "no hostfile"),
                                           ("unknown_host", {}, 6, "on_hosts: north: ssh: Could not resolve"),
                                           ("hostfile", {"DREAM_BIN": "/nowhere"}, 6, "west: no program /nowhere/dream_sweep")):
            with self.subTest(said):
                self.start(self.folder / hostfile, self.config, env=more)
                self.assertEqual(self.end(), code, self.text)
                self.assertIn(said, self.text)
        self.power_off("west")
        self.start(self.hostfile, self.config)
        self.assertEqual(self.end(), 6, self.text)
        self.assertIn("on_hosts: west: ssh: connect to host west", self.text)
        self.assertLess(time.monotonic() - begin, 120)
        self.assertFalse((self.work / "state").exists(), "something was started")

    def test_an_error_of_the_program_is_its_exit_code(self):
        self.start(self.hostfile, self.config, "--set", "space.top_k=[0]")
        self.assertEqual(self.end(), harness.CONFIG, self.text)
        self.assertNotIn("goes on", self.text)


if __name__ == "__main__":
    reason = kit.missing()
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(77)
    harness.main()
