"""Hosts made of network namespaces, with sshd, for the tests of this folder: a case brings them up, runs jobs/on_hosts.sh on the first of
them as a user without capabilities, and takes power or cables away.
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


class HostsCase(harness.Case):
    HOSTS = []  # the first is where the script runs
    DOMAIN = ""  # their other names end with it
    HOSTFILE = ""

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
        cls.expected = cls.plain(harness.write_config(cls.place / "plain", cls.corpus, cls.golden))

    @staticmethod
    def plain(config):
        """The tables of a config without hosts."""
        ended = harness.sweep(0, config)
        if ended.code != harness.OK:
            raise AssertionError(f"the plain run failed: {ended}")
        return harness.tables(config.parent)

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        self.work = self.folder / "work"
        self.config = harness.write_config(self.work, self.corpus, self.golden)
        os.chown(self.work, USER, USER)
        self.hostfile = self.folder / "hostfile"
        self.hostfile.write_text(self.HOSTFILE)
        self.up = subprocess.Popen(["unshare", "--net", "--mount", "--uts", "bash", HERE / "hosts_up.sh", self.folder, *self.HOSTS],
                                   env={**os.environ, "DOMAIN": self.DOMAIN}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.take_down)
        if self.up.stdout.readline() != "ready\n":
            self.fail("the hosts did not come up")

    def take_down(self):
        for host in self.HOSTS:
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

    def cut_off(self, host, state="down"):
        """The cable is pulled: nothing that the host or the others send arrives, and nobody is told."""
        port = f"p{self.HOSTS.index(host) + 1}"
        subprocess.run(["nsenter", "--target", str(self.up.pid), "--net", "ip", "link", "set", port, state], check=True)

    def ranks_on(self, host):
        return [pid for pid in self.inside(host) if os.path.realpath(f"/proc/{pid}/exe").endswith("/dream_sweep")]

    def start(self, *arguments, env=None):
        """The script, on the desk. Its output goes to self.log."""
        self.log = self.folder / "log"
        variables = {**harness.environment(), "HOME": str(self.folder / "home"), "DREAM_BIN": str(self.place / "bin"),
                     "DREAM_SSH_OPTIONS": f"-p 2222 -i {self.folder}/ssh/key -o StrictHostKeyChecking=no -o LogLevel=ERROR "
                                          "-o UserKnownHostsFile=/dev/null",
                     "DREAM_MPIRUN_OPTIONS": " ".join(["--bind-to none --mca mpi_yield_when_idle 1", *harness.SURVIVING]),
                     "PATH": os.pathsep.join([os.path.dirname(shutil.which(harness.MPIEXEC)), os.environ["PATH"]]), **(env or {})}
        as_user = ["nsenter", "--target", str(self.pid(self.HOSTS[0])), "--net", "--mount", "--uts", "setpriv", "--reuid=1000",
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
