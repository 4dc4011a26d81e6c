"""The MPIJob of k8s-mpi-operator/base without a cluster: its launcher's command and environment, and the operator's own variables and
hostfile, on three emulated hosts, as a user without capabilities. The sweep of the base, a worker that is cut off, and its mistakes.
"""
import os
import re
import signal
import sys

import kit
from kit import USER, harness

try:
    import yaml
except ImportError:
    yaml = None

BASE = harness.SOURCE / "k8s-mpi-operator" / "base"
WORKERS = ["dream-sweep-worker-0", "dream-sweep-worker-1"]
# What operator v0.8.2 gives a launcher beside the manifest's own. They are Open MPI 4's names, and on_hosts.sh does not need them.
OPERATOR = {"K_MPI_JOB_ROLE": "launcher", "OMPI_MCA_orte_keep_fqdn_hostnames": "true", "OMPI_MCA_orte_default_hostfile": "/etc/mpi/hostfile",
            "OMPI_MCA_plm_rsh_args": "-o ConnectionAttempts=10", "OMPI_MCA_orte_set_default_slots": "2",
            "NVIDIA_VISIBLE_DEVICES": "", "NVIDIA_DRIVER_CAPABILITIES": ""}


class AsOperator(kit.HostsCase):
    HOSTS = ["dream-sweep-launcher", *WORKERS]
    DOMAIN = "dream-sweep.dream.svc"
    HOSTFILE = "".join(f"{worker}.dream-sweep.dream.svc slots=2\n" for worker in WORKERS)

    def setUp(self):
        super().setUp()
        job = yaml.safe_load((BASE / "mpijob.yaml").read_text())
        self.launcher = job["spec"]["mpiReplicaSpecs"]["Launcher"]["template"]["spec"]["containers"][0]

    def launch(self, config):
        """The launcher's container: the manifest's words, with the folders of this test."""
        program, hostfile = self.launcher["command"]
        self.assertEqual((program, hostfile), ("on_hosts.sh", "/etc/mpi/hostfile"))
        self.assertEqual(self.launcher["args"], ["/etc/dream/config/sweep.toml"])
        own = {variable["name"]: variable["value"] for variable in self.launcher["env"]}
        own["DREAM_SSH_OPTIONS"] += f" -i {self.folder}/ssh/key"
        self.start(self.hostfile, config, env={**OPERATOR, **own})

    def lost_and_replaced(self, worker):
        """What the operator does for a pod that is gone: another one under its name, where nothing of the sweep is left."""
        for pid in self.ranks_on(worker):
            harness.signal_quietly(pid, signal.SIGKILL)
        self.cut_off(worker, "up")

    def test_the_sweep_of_the_base(self):
        text = (BASE / "sweep.toml").read_text()

        def config_in(folder):
            folder.mkdir(exist_ok=True)
            places = {"/usr/local/share/dream_sweep/handbook": harness.SOURCE / "inputs" / "handbook", "/state": folder / "state",
                      "/data/results": folder / "results"}
            path = folder / "sweep.toml"
            path.write_text(re.sub('"(' + "|".join(places) + ")", lambda found: f'"{places[found[1]]}', text))
            return path

        self.expected = self.plain(config_in(self.folder / "plain"))
        self.launch(config_in(self.work))
        self.assert_finished("four ranks in two pods")
        self.assertEqual([rank["host"] for rank in harness.manifest(self.work)["ranks"]], [WORKERS[0]] * 2 + [WORKERS[1]] * 2)

    def test_a_worker_is_cut_off_and_the_next_try_completes(self):
        self.launch(self.config)
        self.wait_until_at_work()
        self.cut_off(WORKERS[1])
        self.assertNotEqual(self.end(), harness.OK, "the Job would not be tried again")
        self.assertFalse((self.work / "results" / "results.csv").exists(), "lost in the middle")
        self.lost_and_replaced(WORKERS[1])
        self.launch(self.config)
        self.assert_finished("a worker was cut off")
        self.assertEqual(len(harness.manifest(self.work)["ranks"]), 4)

    def test_a_config_map_or_a_model_that_is_missing_is_one_message(self):
        absent = self.work / "config" / "sweep.toml"
        model = self.work / "model.toml"
        model.write_text(self.config.read_text().replace('kind = "hash"\ndimension = 64', f'kind = "transformer"\npath = "{self.work}/models/none"'))
        for config, code, said in ((absent, harness.CONFIG, str(absent)), (model, harness.INPUT, f"{self.work}/models/none")):
            with self.subTest(said):
                self.launch(config)
                self.assertEqual(self.end(), code, self.text)
                self.assertEqual(self.text.count(said), 1, self.text)


if __name__ == "__main__":
    reason = kit.missing() or (None if yaml else "python3 has no yaml (package python3-yaml)")
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(77)
    harness.main()
