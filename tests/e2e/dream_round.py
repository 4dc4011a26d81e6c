"""The whole round on real services: an S3 server that checks signatures, MLflow on PostgreSQL, and a scripted language model. The
steps are those of the Argo template: each one's command is taken from it, its parameters filled in, and run in the order of its DAG.
"""
import json
import os
import re
import signal
import subprocess
import threading
import time

import author
import harness
import judge
import local_server
import mlflow_server
import object_store

try:
    import yaml
except ImportError:
    yaml = None

ARGO = harness.SOURCE / "k8s-mpi-operator" / "argo"
METHODS = '[{ name = "sentence_window", window = 1 }, { name = "overlap", size = 64, overlap = 8 }]'


def setUpModule():
    global swift, proxy, client, mlflow
    if yaml is None:
        raise harness.unittest.SkipTest("python3 has no yaml (python3-yaml)")
    swift = object_store.Swift()
    proxy = object_store.Proxy(swift.port)
    client = object_store.Client(swift.port)
    client.make_bucket("mlflow")
    try:
        mlflow = mlflow_server.Server(artifacts="s3://mlflow/artifacts", env={
            "AWS_ACCESS_KEY_ID": object_store.ACCESS, "AWS_SECRET_ACCESS_KEY": object_store.SECRET, "AWS_DEFAULT_REGION": object_store.REGION,
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{swift.port}"})
    except BaseException:
        proxy.close()
        swift.close()
        raise


def tearDownModule():
    proxy.close()
    swift.close()
    mlflow.close()


class Model(local_server.Server):
    """Writes questions as author.py does, judges as judge.py does, and answers with the first words of what it was given."""

    def __init__(self):
        outer = self
        self.asked = 0
        self.repeated = 0  # bodies that came before
        self.bodies = set()
        self.lock = threading.Lock()
        names = author.instructions()

        def say(request):
            first = request["messages"][0]["content"]
            name = names.get(first.split("\n\nJSON schema of the reply:")[0])
            inputs = [m["content"] for m in request["messages"] if m["role"] == "user" and m["content"].startswith("Input:\n")]
            said = json.loads(inputs[-1][len("Input:\n"):]) if inputs else {}
            if name:
                return json.dumps(author.reply(name, said, request.get("seed")))
            if "JSON schema" in first:
                return json.dumps(judge.judge(judge.step_of(first.split("JSON schema of the reply:\n")[1]), said))
            return " ".join(request["messages"][-1]["content"].split()[:20]) + "."

        class Handler(local_server.Handler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.lock:
                    outer.asked += 1
                    outer.repeated += body in outer.bodies
                    outer.bodies.add(body)
                self.reply(200, {"choices": [{"message": {"role": "assistant", "content": say(json.loads(body))}, "finish_reason": "stop"}],
                                 "usage": {"prompt_tokens": len(body) // 4, "completion_tokens": 20}})

            def do_GET(self):
                self.reply(200, {"data": [{"id": "served"}]})

        super().__init__(Handler)


class Round(harness.Case):

    def setUp(self):
        super().setUp()
        proxy.every = 0
        if mlflow.process is None:
            mlflow.start()
        self.model = Model()
        self.addCleanup(self.model.close)
        self.documents, _ = harness.make_corpus(self.folder / "data", documents=12, questions=1, sentences=60)
        self.name = "round-" + self.folder.name.lower().replace("_", "-")[-20:].strip("-")
        client.make_bucket(self.name)
        spec = next(yaml.safe_load_all((ARGO / "workflow.yaml").read_text()))["spec"]
        self.arguments = spec["arguments"]["parameters"]
        self.templates = {template["name"]: template for template in spec["templates"]}
        self.tasks = self.templates[spec["entrypoint"]]["dag"]["tasks"]
        self.parameters = {"bucket": self.name, "sources": str(self.documents), "methods": METHODS, "top_k": "[1, 3]", "questions": "10",
                           "llm": self.model.url, "model": "served", "ranks": "3"}  # 2 methods x 2 embedders x 2 top_k

    def fill(self, text):
        text = text.replace("/etc/dream/config", str(ARGO)).replace("/data/", f"{self.folder}/")
        return re.sub(r"{{workflow\.parameters\.(.*?)}}", lambda found: self.parameters[found[1]], text)

    def start(self, task):
        """The step's command as its pod would run it; services and secrets are those of this test."""
        container = self.templates[task["template"]]["container"]
        here = {"MLFLOW_TRACKING_URI": mlflow.uri, "AWS_ENDPOINT_URL_S3": proxy.url, "AWS_ACCESS_KEY_ID": object_store.ACCESS,
                "AWS_SECRET_ACCESS_KEY": object_store.SECRET}
        env = {one["name"]: self.fill(one["value"]) for one in container["env"] if "value" in one} | here
        env |= {"AWS_REGION": object_store.REGION, "MLFLOW_EXPERIMENT_NAME": self.name, "HOME": str(self.folder)}
        words = [self.fill(word) for word in container["command"] + container["args"]]
        words = [str(harness.PROGRAMS / word) if word.startswith("dream_") else word for word in words]
        words[0] = harness.MPIEXEC if words[0] == "mpirun" else words[0]
        step = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                                start_new_session=True, env={**harness.environment(), **env})
        self.addCleanup(lambda: step.poll() is None and os.killpg(step.pid, signal.SIGKILL))
        return step

    def run_step(self, task):
        step = self.start(task)
        text, _ = step.communicate(timeout=600)
        self.assertEqual(step.returncode, 0, f"{task['name']}:\n{text}")
        return text

    def run_round(self):
        done = {}
        for task in self.tasks:
            self.assertLessEqual(set(task.get("depends", "").split()) - {"&&"}, set(done))
            done[task["name"]] = self.run_step(task)
        return done

    def results(self):
        return [(self.folder / "round" / "results" / name).read_bytes() for name in ("results.csv", "questions.csv", "chunks.csv")]

    def check_tracked(self, combinations=8, questions=10):
        found = mlflow.runs(self.name)
        parents = [run for run in found if "mlflow.parentRunId" not in run["tags"]]
        self.assertEqual(len(parents), 1, [run["name"] for run in found])
        trials = {int(run["params"]["trial"]): run for run in found if "mlflow.parentRunId" in run["tags"]}
        self.assertEqual(len(trials), combinations)
        self.assertEqual(len(found), combinations + 1, "no run is there twice")
        self.assertEqual({run["status"] for run in found}, {"FINISHED"})
        for run in trials.values():
            self.assertEqual(len(run["table"]), questions)
            self.assertIn("faithfulness", run["metrics"])
            self.assertIn("faithfulness_standard_error", run["metrics"])
            self.assertEqual(run["inputs"], parents[0]["inputs"])
        self.assertEqual(len(parents[0]["inputs"]), 1)
        self.assertLessEqual({"best.toml", "report.html", "results.csv", "manifest.json"}, set(parents[0]["files"]))
        self.assertTrue(any(name.startswith("prompts/") for name in parents[0]["files"]), parents[0]["files"])


    def test_the_steps_of_the_template_make_the_round(self):
        said = self.run_round()
        self.assertIn("12 put", said["ingest"])
        self.assertIn("|", said["report"])
        self.assertEqual(len(client.list(self.name, "documents/")), 13)  # and the manifest
        self.assertIn("golden/golden.csv", client.list(self.name, "golden/"))
        self.assertEqual(client.get(self.name, "results/results.csv"), self.results()[0])
        self.check_tracked()
        self.assertEqual(self.model.repeated, 0)
        self.assertTrue(any(key.endswith("/artifacts/report.html") for key in client.list("mlflow", "artifacts/")))
        # A second workflow finds all of it.
        asked, before = self.model.asked, self.results()
        self.run_round()
        self.assertEqual(self.model.asked, asked)
        self.assertEqual(self.results(), before)
        self.check_tracked()

    def test_filings_by_the_methods_of_dream(self):
        """Twenty quarterly reports in PDF, the template's own methods and top_k, four ranks."""
        defaults = {one["name"]: one["value"] for one in self.arguments}
        self.parameters |= {name: defaults[name] for name in ("methods", "top_k")}
        self.parameters |= {"sources": str(harness.data_folder() / "sec10q" / "docs"), "questions": "20", "ranks": "4"}
        self.assertIn("20 put", self.run_round()["ingest"])
        self.check_tracked(combinations=12, questions=20)

    def test_faults_change_nothing(self):
        """MLflow away in the middle, every tenth S3 request failing, the sweep killed and started again."""
        by_name = {task["name"]: task for task in self.tasks}
        self.run_round()
        expected = self.results()
        for name in ("round", "data/results"):
            if (self.folder / name).exists():
                os.rename(self.folder / name, self.folder / (name.replace("/", "_") + "_before"))
        before = mlflow.runs(self.name)
        self.assertEqual(len(before), 9)
        proxy.every = 10
        for name in ("ingest", "golden"):
            self.run_step(by_name[name])
        sweep = self.start(by_name["sweep"])
        parts = self.folder / "round" / "state" / "parts"
        end = time.monotonic() + harness.HANG
        while len(list(parts.glob("*/*")) or list(parts.glob("*"))) < 40 and sweep.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        self.assertIsNone(sweep.poll(), "the sweep ended before it could be killed")
        mlflow.stop()
        os.killpg(sweep.pid, signal.SIGKILL)
        sweep.communicate()
        again = self.start(by_name["sweep"])
        time.sleep(1)
        mlflow.start()
        text, _ = again.communicate(timeout=harness.HANG)
        self.assertEqual(again.returncode, 0, text)
        for name in ("report", "upload", "publish"):
            self.run_step(by_name[name])
        self.assertGreater(proxy.broken, 0)
        self.assertEqual(self.results(), expected)
        self.check_tracked()


harness.main()
