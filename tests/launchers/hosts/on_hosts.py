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

    def assert_said_at_once(self, hostfile, code, said, config=None, env=None):
        """Within a minute, non-zero, and once."""
        with self.subTest(said):
            begin = time.monotonic()
            self.start(self.folder / hostfile, config or self.config, env=env)
            self.assertEqual(self.end(), code, self.text)
            self.assertLess(time.monotonic() - begin, 60)
            self.assertEqual(self.text.count(said), 1, self.text)
            self.assertFalse((self.work / "state" / "parts").exists(), "something was started")

    def test_a_wrong_hostfile(self):
        for name, text, said in (("two", "east slots=2\nwest slots=two\n", 'two:2: "west slots=two" is not: NAME slots=RANKS'),
                                 ("none", "east slots=0\nwest slots=1\n", 'none:1: "east slots=0" is not: NAME slots=RANKS'),
                                 ("without", "east\nwest slots=1\n", 'without:1: "east" is not: NAME slots=RANKS'),
                                 ("nobody", "# nobody\n", "names no host"), ("absent", None, "no hostfile")):
            if text:
                (self.folder / name).write_text(text)
            self.assert_said_at_once(name, harness.CONFIG, said)

    def test_a_host_that_nobody_knows_that_is_dead_or_that_has_no_sshd(self):
        (self.folder / "unknown").write_text("east slots=2\nnorth slots=1\n")
        self.assert_said_at_once("unknown", harness.DEVICE, "on_hosts: north: ssh: Could not resolve")
        options = f"-p 2223 -i {self.folder}/ssh/key -o StrictHostKeyChecking=no -o LogLevel=ERROR -o UserKnownHostsFile=/dev/null"
        self.assert_said_at_once("hostfile", harness.DEVICE, "on_hosts: west: ssh: connect to host west port 2223: Connection refused",
                                 env={"DREAM_SSH_OPTIONS": options})
        self.power_off("west")
        self.assert_said_at_once("hostfile", harness.DEVICE, "on_hosts: west: ssh: connect to host west")

    def test_a_program_a_config_or_a_model_that_is_not_there(self):
        self.assert_said_at_once("hostfile", harness.DEVICE, "on_hosts: west: no program /nowhere/dream_sweep", env={"DREAM_BIN": "/nowhere"})
        self.assert_said_at_once("hostfile", harness.CONFIG, f"{self.work}/absent.toml", config=self.work / "absent.toml")
        model = self.work / "model.toml"
        model.write_text(self.config.read_text().replace('kind = "hash"\ndimension = 64', f'kind = "transformer"\npath = "{self.work}/no_model"'))
        self.assert_said_at_once("hostfile", harness.INPUT, f"{self.work}/no_model", config=model)

    def test_ranks_that_answer_no_more_are_ended_at_the_deadline_from_outside(self):
        deaf = self.work / "deaf"
        deaf.write_text("#!/bin/sh\ntrap '' USR1 TERM\nwhile :; do sleep 1; done\n")
        deaf.chmod(0o755)
        begin = time.monotonic()
        self.start(self.hostfile, self.config, env={"DREAM_WRAPPER": str(deaf), "DREAM_SECONDS": "4", "DREAM_GRACE": "2"})
        self.assertEqual(self.end(), 137, self.text)
        self.assertLess(time.monotonic() - begin, 60)
        self.assertIn("DREAM_SECONDS=4 have passed", self.text)
        self.assertNotIn("goes on, on", self.text)

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
