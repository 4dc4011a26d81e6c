"""k8s-mpi-operator/base: what kustomize makes of it, the operator's own rules, and, where the operator's CRD is at hand
(DREAM_MPIJOB_CRD, or shared/k8s beside the repository), its schema. No cluster is asked.
"""
import copy
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
import harness  # noqa: E402

try:
    import yaml
except ImportError:
    yaml = None

BASE = harness.SOURCE / "k8s-mpi-operator" / "base"


@functools.lru_cache(maxsize=None)
def render(folder):
    """{kind: object} of a kustomization, and its claims by their names."""
    if shutil.which("kubectl") is None:
        raise unittest.SkipTest("kubectl is not installed")
    if yaml is None:
        raise unittest.SkipTest("python3 has no yaml (package python3-yaml)")
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    made = {document["kind"]: document for document in yaml.safe_load_all(done.stdout) if document["kind"] != "PersistentVolumeClaim"}
    made["claims"] = {document["metadata"]["name"]: document for document in yaml.safe_load_all(done.stdout)
                      if document["kind"] == "PersistentVolumeClaim"}
    return made


# ---- the operator's rules that its CRD does not hold ----------------------------------------------------------------

def operator_faults(job):
    """What the operator's validation would refuse."""
    faults = []
    spec = job["spec"]
    policy = spec.get("runPolicy", {})
    if policy.get("cleanPodPolicy") not in ("None", "Running", "All"):
        faults.append("cleanPodPolicy")
    for name in ("ttlSecondsAfterFinished", "activeDeadlineSeconds", "backoffLimit"):
        if policy.get(name, 0) < 0:
            faults.append(name)
    if spec.get("slotsPerWorker", 1) < 1:
        faults.append("slotsPerWorker")
    replicas = spec["mpiReplicaSpecs"]
    for role in ("Launcher", "Worker"):
        replica = replicas.get(role, {})
        if replica.get("restartPolicy") not in ("Never", "OnFailure"):
            faults.append(f"{role} restartPolicy")
        if "restartPolicy" in replica.get("template", {}).get("spec", {}):
            faults.append(f"{role} restartPolicy belongs on the replica")
        if replica.get("replicas", 0) < 1:
            faults.append(f"{role} replicas")
        if not replica.get("template", {}).get("spec", {}).get("containers"):
            faults.append(f"{role} containers")
    if replicas.get("Launcher", {}).get("replicas") != 1:
        faults.append("one Launcher")
    last_worker = f"{job['metadata']['name']}-worker-{replicas.get('Worker', {}).get('replicas', 1) - 1}"
    if len(last_worker) > 63 or not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", last_worker):
        faults.append(f"host name {last_worker}")
    return faults


# ---- the schema of the CRD ------------------------------------------------------------------------------------------

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}


def schema_faults(schema, value, place=""):
    """Strict: a field that the schema does not know is a fault, where an API server would drop it in silence."""
    if schema.get("x-kubernetes-int-or-string"):
        return [] if isinstance(value, (int, str)) and not isinstance(value, bool) else [f"{place}: integer or string"]
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{place}: {kind} expected"]
    faults = []
    if "enum" in schema and value not in schema["enum"]:
        faults.append(f"{place}: {value} is none of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        faults.append(f"{place}: {value} does not match {schema['pattern']}")
    if "minimum" in schema and value < schema["minimum"]:
        faults.append(f"{place}: {value} is below {schema['minimum']}")
    if isinstance(value, list):
        for i, item in enumerate(value):
            faults += schema_faults(schema.get("items", {}), item, f"{place}[{i}]")
    if isinstance(value, dict):
        faults += [f"{place}.{name}: missing" for name in schema.get("required", []) if name not in value]
        known = schema.get("properties", {})
        others = schema.get("additionalProperties")
        for name, item in value.items():
            if name in known:
                faults += schema_faults(known[name], item, f"{place}.{name}")
            elif isinstance(others, dict):
                faults += schema_faults(others, item, f"{place}.{name}")
            elif kind == "object" and known and not schema.get("x-kubernetes-preserve-unknown-fields"):
                faults.append(f"{place}.{name}: unknown")
    return faults


@functools.lru_cache(maxsize=None)
def mpijob_schema():
    named = os.environ.get("DREAM_MPIJOB_CRD")
    beside = sorted((harness.SOURCE.parent / "shared" / "k8s").glob("kubeflow.org_mpijobs*.yaml"))
    file = pathlib.Path(named) if named else beside[-1] if beside else None
    if file is None or not file.exists():
        raise unittest.SkipTest("the operator's CRD is not here (set DREAM_MPIJOB_CRD)")
    (version,) = [v for v in yaml.safe_load(file.read_text())["spec"]["versions"] if v["name"] == "v2beta1"]
    return version["schema"]["openAPIV3Schema"]


# ---- cases ----------------------------------------------------------------------------------------------------------

class Base(unittest.TestCase):

    def setUp(self):
        self.made = render(BASE)
        self.job = self.made["MPIJob"]
        replicas = self.job["spec"]["mpiReplicaSpecs"]
        self.pods = {role: replicas[role]["template"]["spec"] for role in ("Launcher", "Worker")}
        self.containers = {role: pod["containers"][0] for role, pod in self.pods.items()}

    def planted(self, **changes):
        """The job with some dotted fields changed (__ for a dot)."""
        job = copy.deepcopy(self.job)
        for path, value in changes.items():
            *above, last = path.split("__")
            at = job
            for name in above:
                at = at[name]
            at[last] = value
        return job


class Rules(Base):

    def test_the_operator_accepts_it(self):
        self.assertEqual(self.job["apiVersion"], "kubeflow.org/v2beta1")
        self.assertEqual(operator_faults(self.job), [])

    def test_planted_faults_are_found(self):
        for changes in ({"spec__runPolicy__cleanPodPolicy": "Never"}, {"spec__runPolicy__backoffLimit": -1},
                        {"spec__slotsPerWorker": 0}, {"spec__mpiReplicaSpecs__Launcher__replicas": 2},
                        {"spec__mpiReplicaSpecs__Worker__replicas": 0}, {"metadata__name": "Dream"},
                        {"metadata__name": "d" * 60}, {"spec__mpiReplicaSpecs__Worker__restartPolicy": "Always"},
                        {"spec__mpiReplicaSpecs__Worker__template__spec__restartPolicy": "Never"}):
            with self.subTest(changes=changes):
                self.assertTrue(operator_faults(self.planted(**changes)))

    def test_names_that_kustomize_makes_arrive(self):
        config = self.made["ConfigMap"]
        self.assertRegex(config["metadata"]["name"], r"^dream-sweep-config-\w+$", "a new sweep is a new name")
        volumes = {volume["name"]: volume for volume in self.pods["Worker"]["volumes"]}
        self.assertEqual(volumes["config"]["configMap"]["name"], config["metadata"]["name"])
        self.assertEqual({volume["persistentVolumeClaim"]["claimName"] for volume in volumes.values() if "persistentVolumeClaim" in volume},
                         set(self.made["claims"]))
        self.assertEqual(volumes["secret"]["secret"]["secretName"], self.made["Secret"]["metadata"]["name"])
        self.assertEqual({container["image"] for container in self.containers.values()}, {"registry.example/dream-sweep:set-me"})

    def test_every_mount_has_its_volume(self):
        for role, pod in self.pods.items():
            mounted = {mount["name"] for mount in self.containers[role]["volumeMounts"]}
            self.assertEqual(mounted, {volume["name"] for volume in pod["volumes"]}, role)

    def test_ranks_on_all_nodes_use_the_volumes_and_write_none_of_the_models(self):
        self.assertEqual(set(self.made["claims"]), {"dream-sweep-data", "dream-sweep-models", "dream-sweep-state"})
        for claim in self.made["claims"].values():
            self.assertEqual(claim["spec"]["accessModes"], ["ReadWriteMany"])
        mounts = {mount["name"]: mount for mount in self.containers["Worker"]["volumeMounts"]}
        self.assertEqual([name for name, mount in mounts.items() if mount.get("readOnly")], ["models", "config", "secret"])
        sweep = tomllib.loads(self.made["ConfigMap"]["data"]["sweep.toml"])["sweep"]
        self.assertEqual(sweep["state"], mounts["state"]["mountPath"])
        self.assertTrue(sweep["output"].startswith(mounts["data"]["mountPath"] + "/"))

    def test_the_secret_has_no_value_that_a_repository_could_tell(self):
        self.assertFalse({"data", "stringData"} & set(self.made["Secret"]))

    def test_a_missing_config_map_is_the_programs_message_and_no_pod_that_waits_for_ever(self):
        (volume,) = [volume for volume in self.pods["Worker"]["volumes"] if volume["name"] == "config"]
        self.assertIs(volume["configMap"]["optional"], True)

    def test_no_pod_is_root_and_all_are_bounded(self):
        for role, container in self.containers.items():
            with self.subTest(role=role):
                self.assertTrue(self.pods[role]["securityContext"]["runAsNonRoot"])
                self.assertGreater(self.pods[role]["securityContext"]["runAsUser"], 0)
                self.assertFalse(container["securityContext"]["allowPrivilegeEscalation"])
                self.assertTrue(container["securityContext"]["readOnlyRootFilesystem"])
                self.assertEqual(container["securityContext"]["capabilities"], {"drop": ["ALL"]})
                for kind in ("requests", "limits"):
                    self.assertEqual(set(container["resources"][kind]), {"cpu", "memory"})

    def test_launcher_and_workers_speak_on_one_port(self):
        worker = self.containers["Worker"]
        self.assertIn("Port=2222", worker["command"])
        self.assertEqual(worker["readinessProbe"]["tcpSocket"]["port"], 2222)
        variables = {variable["name"]: variable["value"] for variable in self.containers["Launcher"]["env"]}
        self.assertTrue(variables["DREAM_SSH_OPTIONS"].startswith("-p 2222 "))
        self.assertEqual(self.containers["Launcher"]["command"], ["on_hosts.sh", "/etc/mpi/hostfile"])
        directory = self.containers["Launcher"]["workingDir"]
        for role, container in self.containers.items():
            (claim,) = [mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == directory]
            self.assertEqual(claim, "data", f"on_hosts.sh and the {role} see different folders")
        self.assertEqual(self.job["spec"]["launcherCreationPolicy"], "WaitForWorkersReady")
        keys = self.job["spec"]["sshAuthMountPath"]
        self.assertIn(f"HostKey={keys}/id_rsa", worker["command"])
        self.assertIn(f"AuthorizedKeysFile={keys}/authorized_keys", worker["command"])

    def test_the_sweep_is_mounted_where_it_is_asked_for(self):
        mounts = {mount["name"]: mount["mountPath"] for mount in self.containers["Worker"]["volumeMounts"]}
        self.assertEqual(self.containers["Launcher"]["args"], [f"{mounts['config']}/sweep.toml"])
        (name,) = self.made["ConfigMap"]["data"]
        self.assertEqual(name, "sweep.toml")
        (item,) = next(volume["secret"]["items"] for volume in self.pods["Worker"]["volumes"] if volume["name"] == "secret")
        self.assertIn(f"{mounts['secret']}/{item['path']}", self.made["ConfigMap"]["data"][name])


class Sweep(harness.Case):

    def test_the_example_runs(self):
        """With the volume's folders in another place."""
        corpus, golden = harness.make_corpus(self.folder, documents=6, questions=3)
        ended = harness.sweep(2, BASE / "sweep.toml", "--set", f'corpus.sources=["{corpus}"]', "--set",
                              f'golden.file="{golden}"', "--set", f'sweep.state="{self.folder}/state"', "--set",
                              f'sweep.output="{self.folder}/results"')
        self.assert_ok(ended)
        self.assertEqual(len(harness.rows(self.folder, "results.csv")), 6)


class Crd(Base):
    """Against the schema of the operator's CRD."""

    def setUp(self):
        super().setUp()
        self.schema = mpijob_schema()

    def test_the_schema_accepts_it(self):
        self.assertEqual(schema_faults(self.schema, self.job), [])

    def test_planted_faults_are_found(self):
        worker = "spec__mpiReplicaSpecs__Worker__template__spec__"
        for changes in ({"spec__slotPerWorker": 2}, {"spec__slotsPerWorker": "2"},
                        {"spec__mpiImplementation": "Openmpi"}, {"spec__runPolicy__backofLimit": 1},
                        {worker + "containers": [{"image": "no-name"}]}, {worker + "volume": []}):
            with self.subTest(changes=changes):
                self.assertTrue(schema_faults(self.schema, self.planted(**changes)))


if __name__ == "__main__":
    harness.main()
