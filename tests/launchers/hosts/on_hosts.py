"""jobs/on_hosts.sh on three emulated hosts with sshd, as a user without capabilities: an ordinary sweep with an env file, a stop at a
safe point, a host that loses its power in the middle, and what is wrong before anything starts.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import harness  # noqa: E402

NEEDED = {"sshd": "openssh-server", "ssh": "openssh-client", "ip": "iproute2", "nsenter": "util-linux", "setpriv": "util-linux"}
HOSTS = ["desk", "east", "west"]
USER = 1000  # `dream` of hosts_up.sh


def missing():
    """Why no hosts can be made here, or None."""
    if os.geteuid() != 0:
        return "only root can make hosts out of namespaces"
    os.environ["PATH"] += os.pathsep + os.pathsep.join(["/usr/sbin", "/sbin"])
    absent = sorted({package for name, package in NEEDED.items() if shutil.which(name) is None})
    if absent:
        return f"not installed: {', '.join(absent)}"
    if subprocess.run(["unshare", "--net", "--mount", "--uts", "true"], capture_output=True).returncode != 0:
        return "unshare --net --mount --uts is not allowed here"
    if subprocess.run(["unshare", "--net", "ip", "link", "add", "br0", "type", "bridge"], capture_output=True).returncode != 0:
        return "this machine makes no bridges"
    return None


class OnHosts(harness.Case):

    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="dream_hosts_"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.place.chmod(0o755)
        for name in ("dream_sweep", "dream_reader"):
            (cls.place / "bin").mkdir(exist_ok=True)
            shutil.copy(harness.PROGRAMS / name, cls.place / "bin")
        shutil.copy(harness.SOURCE / "jobs" / "on_hosts.sh", cls.place)
        cls.corpus, cls.golden = harness.make_corpus(cls.place, documents=60, questions=8)
        plain = harness.write_config(cls.place / "plain", cls.corpus, cls.golden)
        ended = harness.sweep(0, plain)
        if ended.code != harness.OK:
            raise AssertionError(f"the plain run failed: {ended}")
        cls.expected = harness.tables(plain.parent)

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        self.work = self.folder / "work"
        self.config = harness.write_config(self.work, self.corpus, self.golden)
        os.chown(self.work, USER, USER)
        self.hostfile = self.folder / "hostfile"
        self.hostfile.write_text("# two workers\neast slots=2\nwest slots=1\n")
        self.up = subprocess.Popen(["unshare", "--net", "--mount", "--uts", "bash", HERE / "hosts_up.sh", self.folder, *HOSTS],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.take_down)
        if self.up.stdout.readline() != "ready\n":
            self.fail("the hosts did not come up")

    def take_down(self):
        for host in HOSTS:
            self.power_off(host)
        self.up.stdin.close()
        self.up.wait(harness.HANG)
        self.up.stdout.close()

    # ---- hosts ------------------------------------------------------------------------------------------------------

    def pid(self, host):
        return int((self.folder / f"pid.{host}").read_text())

    def inside(self, host):
        """Process ids on a host: those in its network."""
        try:
            network = os.readlink(f"/proc/{self.pid(host)}/ns/net")
        except OSError:
            return []
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(entry / "ns" / "net") == network:
                    found.append(int(entry.name))
            except OSError:
                pass
        return found

    def power_off(self, host):
        for pid in self.inside(host):
            harness.signal_quietly(pid, signal.SIGKILL)

    def cut_off(self, host):
        """The cable is pulled: nothing that the host or the others send arrives, and nobody is told."""
        port = f"p{HOSTS.index(host) + 1}"
        subprocess.run(["nsenter", "--target", str(self.up.pid), "--net", "ip", "link", "set", port, "down"], check=True)

    def start(self, *arguments, env=None):
        """The script, on the desk. Its output goes to self.log."""
        self.log = self.folder / "log"
        variables = {**harness.environment(), "HOME": str(self.folder / "home"), "DREAM_BIN": str(self.place / "bin"),
                     "DREAM_SSH_OPTIONS": f"-p 2222 -i {self.folder}/ssh/key -o StrictHostKeyChecking=no -o LogLevel=ERROR "
                                          "-o UserKnownHostsFile=/dev/null",
                     "DREAM_MPIRUN_OPTIONS": " ".join(["--bind-to none --mca mpi_yield_when_idle 1", *harness.SURVIVING]),
                     "PATH": os.pathsep.join([os.path.dirname(shutil.which(harness.MPIEXEC)), os.environ["PATH"]]), **(env or {})}
        as_user = ["nsenter", "--target", str(self.pid("desk")), "--net", "--mount", "--uts", "setpriv", "--reuid=1000",
                   "--regid=1000", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        with self.log.open("w") as log:
            script = ["bash", "-c", 'cd "$0" && exec bash "$@"', self.work, self.place / "on_hosts.sh", *arguments]
            self.job = subprocess.Popen([*as_user, *script], env=variables, stdout=log, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)

    def end(self):
        try:
            code = self.job.wait(harness.HANG)
        except subprocess.TimeoutExpired:
            self.job.kill()
            self.fail(f"hung:\n{self.log.read_text()}")
        self.text = self.log.read_text()
        return code

    def wait_until_at_work(self):
        end = time.monotonic() + harness.HANG
        while harness.sealed(self.work) <= 2:
            if time.monotonic() > end or self.job.poll() is not None:
                self.fail(f"not at work:\n{self.log.read_text()}")
            time.sleep(0.05)

    def assert_finished(self, what):
        self.assertEqual(self.end(), harness.OK, self.text)
        self.assert_same_tables(self.expected, harness.tables(self.work), what)

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
        self.assertEqual([pid for pid in self.inside("east") if os.path.realpath(f"/proc/{pid}/exe").endswith("/dream_sweep")], [])

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
    reason = missing()
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(77)
    harness.main()
