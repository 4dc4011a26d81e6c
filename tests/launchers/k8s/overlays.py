"""Every kustomization of k8s-mpi-operator, rendered: the operator's rules and its CRD for each MPIJob, the schemas of Kubernetes
(the Python package kubernetes-validate) for the kinds of Kubernetes itself, and what no schema knows: that names meet. No cluster
is asked, and Argo CD's kinds are checked by hand only.
"""
import copy
import functools
import re
import shutil
import subprocess
import unittest

import base
from base import harness, yaml

FOLDER = harness.SOURCE / "k8s-mpi-operator"
# The oldest version that the manifests are for, and the newest that the package knows.
VERSIONS = ("1.29.0", None)
# Of no schema that is at hand, and so UNVALIDATED but for the rules here; docs/kubernetes.md names them.
WITHOUT_SCHEMA = ("Application", "WorkflowTemplate")


def kustomizations():
    return sorted(path.parent for path in FOLDER.rglob("kustomization.yaml"))


def name_of(folder):
    return folder.relative_to(FOLDER).as_posix()


@functools.lru_cache(maxsize=None)
def render(folder):
    base.render(folder)  # says what is missing
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


def pods_of(documents):
    """(name, pod template) of everything that makes pods."""
    for document in documents:
        name = f"{document['kind']} {document['metadata']['name']}"
        if document["kind"] == "MPIJob":
            for role, replica in document["spec"]["mpiReplicaSpecs"].items():
                yield f"{name} {role}", replica["template"]
        elif document["kind"] in ("Deployment", "StatefulSet"):
            yield name, document["spec"]["template"]
        elif document["kind"] == "Pod":
            yield name, document
        elif document["kind"] == "WorkflowTemplate":
            spec = document["spec"]
            for step in spec["templates"]:
                if "container" in step:
                    shared = {key: spec[key] for key in ("securityContext", "automountServiceAccountToken", "volumes")}
                    yield f"{name} {step['name']}", {"metadata": spec["podMetadata"], "spec": {**shared, "containers": [step["container"]]}}


def of_kind(documents, kind):
    return [document for document in documents if document["kind"] == kind]


def restricted_faults(template):
    """What the pod security standard `restricted` refuses, and what is our own rule: read-only root, bounded, no token."""
    spec = template["spec"]
    context = spec.get("securityContext", {})
    faults = []
    if not context.get("runAsNonRoot") or not context.get("runAsUser", 0) > 0:
        faults.append("root")
    if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
        faults.append("seccomp")
    if spec.get("automountServiceAccountToken") is not False:
        faults.append("token")
    for container in spec["containers"]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False:
            faults.append("escalation")
        if own.get("capabilities") != {"drop": ["ALL"]}:
            faults.append("capabilities")
        if own.get("readOnlyRootFilesystem") is not True:
            faults.append("root file system")
        resources = container.get("resources", {})
        if not all({"cpu", "memory"} <= set(resources.get(kind, {})) for kind in ("requests", "limits")):
            faults.append("resources")
        if container["image"].endswith(":latest") or ":" not in container["image"]:
            faults.append(f"image {container['image']}")
    return faults


def name_faults(documents, beside=()):
    """References within a kustomization that lead nowhere. `beside`: documents that are there already."""
    faults = []
    names = {(document["kind"], document["metadata"]["name"]) for document in beside} | {(document["kind"], document["metadata"]["name"]) for document in documents}
    labels = [template["metadata"].get("labels", {}) for _, template in pods_of(documents)]
    for document in documents:
        spec = document.get("spec", {})
        selectors = {"Service": spec.get("selector"),
                     "NetworkPolicy": spec.get("podSelector", {}).get("matchLabels") if "podSelector" in spec else None,
                     "Deployment": spec.get("selector", {}).get("matchLabels"),
                     "StatefulSet": spec.get("selector", {}).get("matchLabels")}
        selector = selectors.get(document["kind"])
        if document["kind"] in selectors and not any(selector and selector.items() <= some.items() for some in labels):
            faults.append(f"{document['kind']} {document['metadata']['name']} selects nothing")
        target = spec.get("scaleTargetRef")
        if target and (target["kind"], target["name"]) not in names:
            faults.append(f"scales {target}")
    for name, template in pods_of(documents):
        pod = template["spec"]
        volumes = {volume["name"] for volume in pod.get("volumes", [])}
        owner = next(d for d in documents if name.startswith(f"{d['kind']} {d['metadata']['name']}"))
        volumes |= {claim["metadata"]["name"] for claim in owner["spec"].get("volumeClaimTemplates", [])}
        for volume in pod.get("volumes", []):
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and ("PersistentVolumeClaim", claim) not in names:
                faults.append(f"{name}: no claim {claim}")
            config = volume.get("configMap", {}).get("name")
            if config and ("ConfigMap", config) not in names:
                faults.append(f"{name}: no ConfigMap {config}")
        for container in pod["containers"]:
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            if mounted != volumes:
                faults.append(f"{name}: mounts {sorted(mounted)}, volumes {sorted(volumes)}")
            for source in container.get("envFrom", []):
                if ("ConfigMap", source["configMapRef"]["name"]) not in names:
                    faults.append(f"{name}: no ConfigMap {source}")
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                port = container.get(probe, {}).get("httpGet", {}).get("port")
                if port and port not in ports:
                    faults.append(f"{name}: {probe} asks port {port}")
    return faults


class Overlays(harness.Case):

    def each(self):
        for folder in kustomizations():
            yield folder, render(folder)

    def test_all_are_there(self):
        self.assertEqual([name_of(folder) for folder in kustomizations()],
                         ["argo", "argocd/apps", "base", "overlays/cpu", "overlays/edge", "overlays/gpu", "overlays/llm",
                          "services/llm", "services/minio", "services/mlflow", "services/postgresql", "shell"])

    def test_every_job_keeps_the_rules_of_the_operator(self):
        for _, documents in self.each():
            for job in of_kind(documents, "MPIJob"):
                self.assertEqual(base.operator_faults(job), [])
                spec = job["spec"]
                workers = spec["mpiReplicaSpecs"]["Worker"]["replicas"]
                self.assertEqual(spec["runPolicy"]["schedulingPolicy"]["minAvailable"], workers, "the launcher comes later")
                for claim in of_kind(documents, "PersistentVolumeClaim"):
                    self.assertEqual(claim["spec"]["accessModes"], ["ReadWriteMany" if workers > 1 else "ReadWriteOnce"])
                for _, template in pods_of([job]):
                    self.assertEqual(template["metadata"]["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"], "false")

    def test_no_pod_may_do_more_than_it_must(self):
        for _, documents in self.each():
            for name, template in pods_of(documents):
                self.assertEqual(restricted_faults(template), [], name)

    def test_names_meet(self):
        for folder, documents in self.each():
            beside = render(FOLDER / "base") if folder.name in ("argo", "shell") else ()
            self.assertEqual(name_faults(documents, beside), [])

    def test_planted_faults_are_found(self):
        documents = render(FOLDER / "services" / "llm")
        pod = of_kind(documents, "Deployment")[0]["spec"]["template"]

        def planted(change):
            """The documents after `change` of a copy of the template."""
            other = copy.deepcopy(documents)
            change(of_kind(other, "Deployment")[0]["spec"]["template"])
            return other

        self.assertEqual(restricted_faults(pod) + name_faults(documents), [])
        for change in (lambda t: t["spec"]["securityContext"].update(runAsUser=0),
                       lambda t: t["spec"]["securityContext"].pop("seccompProfile"),
                       lambda t: t["spec"]["containers"][0].pop("resources"),
                       lambda t: t["spec"]["containers"][0]["securityContext"].update(capabilities={}),
                       lambda t: t["spec"]["containers"][0].update(image="llama:latest"),
                       lambda t: t["spec"].pop("automountServiceAccountToken")):
            ((_, template),) = pods_of(planted(change))
            self.assertEqual(len(restricted_faults(template)), 1)
        for change in (lambda t: t["metadata"]["labels"].update({"app.kubernetes.io/name": "other"}),
                       lambda t: t["spec"]["volumes"][0]["persistentVolumeClaim"].update(claimName="other"),
                       lambda t: t["spec"]["volumes"].pop(),
                       lambda t: t["spec"]["containers"][0]["envFrom"][0]["configMapRef"].update(name="llm-server"),
                       lambda t: t["spec"]["containers"][0]["readinessProbe"]["httpGet"].update(port="https")):
            self.assertTrue(name_faults(planted(change)))

    def test_every_service_has_a_probe_a_policy_and_no_secret_in_the_repository(self):
        policies, callers = set(), set()
        for folder, documents in self.each():
            made_by_hand = [one for one in of_kind(documents, "Secret") if "data" in one or "stringData" in one]
            self.assertEqual(made_by_hand, [], "secrets are made by hand")
            for policy in of_kind(documents, "NetworkPolicy"):
                policies.add(policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/name"])
                self.assertEqual(policy["spec"]["policyTypes"], ["Ingress", "Egress"])
                callers |= {peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
                            for way in policy["spec"]["ingress"] for peer in way["from"]}
            if folder.parent.name == "services":
                for name, template in pods_of(documents):
                    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                        self.assertIn(probe, template["spec"]["containers"][0], name)
        self.assertEqual(policies, {"dream-sweep", "llm-server", "minio", "mlflow", "postgresql"})
        self.assertLessEqual(callers, policies, "a policy lets somebody in who does not exist")

    def test_what_is_called_is_let_out_and_in_on_the_port_that_listens(self):
        """A way from A to B:port needs A's egress, B's ingress and B's Service to agree."""
        policies, ports = {}, {}
        for _, documents in self.each():
            for policy in of_kind(documents, "NetworkPolicy"):
                policies[policy["metadata"]["name"]] = policy["spec"]
            for service in of_kind(documents, "Service"):
                ports[service["metadata"]["name"]] = service["spec"]["ports"][0]["port"]

        def peers(ways, end):
            return {(peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"], port["port"]) for way in ways
                    for peer in way.get(end, []) if "podSelector" in peer for port in way.get("ports", [])}

        ways = {("dream-sweep", "llm-server"), ("dream-sweep", "minio"), ("dream-sweep", "mlflow"), ("mlflow", "minio"),
                ("mlflow", "postgresql")}
        out = {(name, to, port) for name, spec in policies.items() for to, port in peers(spec["egress"], "to")}
        let_in = {(caller, name, port) for name, spec in policies.items() for caller, port in peers(spec["ingress"], "from")}
        self.assertEqual(out, {(caller, called, ports[called]) for caller, called in ways})
        self.assertEqual(out, let_in)

    def test_the_overlays_change_what_they_say(self):
        jobs = {folder.name: of_kind(render(folder), "MPIJob")[0]["spec"] for folder in (FOLDER / "overlays").iterdir()}
        size = {name: (spec["mpiReplicaSpecs"]["Worker"]["replicas"], spec["slotsPerWorker"]) for name, spec in jobs.items()}
        self.assertEqual(size, {"cpu": (4, 8), "llm": (4, 8), "gpu": (2, 4), "edge": (1, 2)})
        worker = jobs["gpu"]["mpiReplicaSpecs"]["Worker"]["template"]["spec"]["containers"][0]
        self.assertEqual(worker["resources"]["limits"]["nvidia.com/gpu"], "4")
        for claim in of_kind(render(FOLDER / "overlays" / "edge"), "PersistentVolumeClaim"):
            self.assertEqual((claim["spec"]["accessModes"], claim["spec"]["storageClassName"]), (["ReadWriteOnce"], "local-path"))
        texts = {name: of_kind(render(FOLDER / "overlays" / name), "ConfigMap")[0]["data"]["sweep.toml"] for name in ("cpu", "llm")}
        self.assertIn("http://llm-server:8080/v1", texts["llm"])
        self.assertNotIn("llm-server", texts["cpu"])

    def test_the_steps_of_the_round_name_parameters_and_steps_that_are_there(self):
        (spec,) = (document["spec"] for document in of_kind(render(FOLDER / "argo"), "WorkflowTemplate"))
        declared = {parameter["name"] for parameter in spec["arguments"]["parameters"]}
        self.assertEqual(set(re.findall(r"{{workflow\.parameters\.(.*?)}}", str(spec["templates"]))), declared)
        templates = {template["name"]: template for template in spec["templates"]}
        before = set()
        for task in templates[spec["entrypoint"]]["dag"]["tasks"]:
            self.assertIn("container", templates[task["template"]])
            self.assertLessEqual(set(task.get("depends", "").split()) - {"&&"}, before)
            before.add(task["name"])

    def test_the_overlay_of_the_page_renders_with_its_image_and_its_sweep(self):
        page = (harness.SOURCE / "docs" / "kubernetes.md").read_text()
        first, sweep = re.search(r"```\n(# kustomization.yaml\n.*?)```.*?```\n(configMapGenerator.*?)```", page, re.S).groups()
        # kustomize takes bases by relative paths, so the overlay needs its neighbours.
        shutil.copytree(FOLDER, self.folder / "k8s")
        mine = self.folder / "k8s" / "overlays" / "mine"
        mine.mkdir()
        (mine / "kustomization.yaml").write_text(first.replace("REGISTRY", "registry.site") + sweep)
        (mine / "sweep.toml").write_text("# mine\n")
        documents = render(mine)
        self.assertEqual({template["spec"]["containers"][0]["image"] for _, template in pods_of(documents)},
                         {"registry.site/dream-sweep:0.1.0"})
        (config,) = of_kind(documents, "ConfigMap")
        self.assertEqual(config["data"], {"sweep.toml": "# mine\n"})
        self.assertEqual({document["metadata"]["namespace"] for document in documents}, {"dream"})
        self.assertEqual(name_faults(documents), [])

    def test_the_sweep_with_a_server_is_a_good_one(self):
        """Planned with the folders of the image replaced by those of the repository; nobody is asked."""
        text = (FOLDER / "overlays" / "llm" / "sweep.toml").read_text()
        self.assertIn("/etc/dream/secret/LLM_API_KEY", text)
        key = self.folder / "key"
        key.write_text("no-key\n")
        text = text.replace("/usr/local/share/dream_sweep/handbook", str(harness.SOURCE / "inputs" / "handbook"))
        config = self.folder / "sweep.toml"
        config.write_text(text.replace("/etc/dream/secret/LLM_API_KEY", str(key)).replace('"/state', f'"{self.folder}/state').replace("/data", str(self.folder)))
        self.assert_ok(harness.sweep(0, config, "--plan"))


class Argocd(harness.Case):

    def test_every_application_leads_to_a_kustomization_and_every_service_has_one(self):
        applications = render(FOLDER / "argocd" / "apps") + list(yaml.safe_load_all((FOLDER / "argocd" / "root.yaml").read_text()))
        paths = set()
        for application in applications:
            self.assertEqual((application["apiVersion"], application["kind"]), ("argoproj.io/v1alpha1", "Application"))
            path = application["spec"]["source"]["path"]
            paths.add(path)
            self.assertTrue((harness.SOURCE / path / "kustomization.yaml").exists(), path)
        services = {f"k8s-mpi-operator/services/{folder.name}" for folder in (FOLDER / "services").iterdir()}
        self.assertEqual(paths, services | {"k8s-mpi-operator/argocd/apps", "k8s-mpi-operator/overlays/llm"})

    def test_a_finished_sweep_is_not_started_again_by_itself(self):
        (sweep,) = [a for a in render(FOLDER / "argocd" / "apps") if a["metadata"]["name"] == "dream-sweep"]
        self.assertNotIn("automated", sweep["spec"]["syncPolicy"])


class Crd(harness.Case):

    def test_the_schema_of_the_operator_accepts_every_job(self):
        schema, jobs = base.mpijob_schema(), 0
        for folder in kustomizations():
            for job in of_kind(render(folder), "MPIJob"):
                jobs += 1
                self.assertEqual(base.schema_faults(schema, job), [], name_of(folder))
        self.assertEqual(jobs, 5)


class Schemas(harness.Case):
    """The kinds of Kubernetes itself."""

    def faults(self, document, version):
        try:
            import kubernetes_validate
        except ImportError:
            raise unittest.SkipTest("python3 has no kubernetes_validate (pip install kubernetes-validate)") from None
        try:
            kubernetes_validate.validate(document, version or kubernetes_validate.latest_version(), strict=True)
        except kubernetes_validate.ValidationError as error:
            return [error.message]
        return []

    def test_the_schemas_accept_every_document(self):
        kinds = set()
        for folder in kustomizations():
            for document in render(folder):
                if document["kind"] in ("MPIJob", *WITHOUT_SCHEMA):  # an MPIJob has its CRD
                    continue
                kinds.add(document["kind"])
                for version in VERSIONS:
                    with self.subTest(f"{name_of(folder)} {document['kind']} {version}"):
                        self.assertEqual(self.faults(document, version), [])
        self.assertEqual(kinds, {"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PersistentVolumeClaim", "Pod",
                                 "Role", "RoleBinding", "Secret", "Service", "ServiceAccount", "StatefulSet"})

    def test_the_kinds_without_a_schema_are_named(self):
        page = (harness.SOURCE / "docs" / "kubernetes.md").read_text()
        there = {document["kind"] for folder in kustomizations() for document in render(folder)}
        for kind in WITHOUT_SCHEMA:
            self.assertIn(kind, there)
            self.assertIn(f"`{kind}`", page)
            print(f"UNVALIDATED, since no schema is at hand: {kind}")

    def test_planted_faults_are_found(self):
        (deployment,) = of_kind(render(FOLDER / "services" / "llm"), "Deployment")
        for plant in (lambda d: d["spec"].update(replica=1), lambda d: d["spec"].pop("selector"),
                      lambda d: d["spec"]["template"]["spec"]["containers"][0]["startupProbe"].update(periodSeconds="10")):
            wrong = copy.deepcopy(deployment)
            plant(wrong)
            self.assertTrue(self.faults(wrong, VERSIONS[0]))


if __name__ == "__main__":
    harness.main()
