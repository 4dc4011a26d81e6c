"""A sweep that an MLflow server is told of: a real server on PostgreSQL, looked at with MLflow's own client (mlflow_server.py)."""
import http.client
import json
import os
import re
import subprocess
import time
import urllib.parse
import urllib.request

import harness
import local_server
import mlflow_server

TRIALS = 12  # of harness.write_config()


def setUpModule():
    global server
    server = mlflow_server.Server()


def tearDownModule():
    server.close()


class Forwarder(local_server.Handler):
    """As a proxy does: whatever the address, the server gets the request, with its Host header."""

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        there = http.client.HTTPConnection("127.0.0.1", server.port)
        there.request("GET", address.path + (f"?{address.query}" if address.query else ""), headers={"Host": address.netloc})
        reply = there.getresponse()
        self.reply(reply.status, reply.read(), reply.headers.get("Content-Type", "text/plain"))
        there.close()


class Tracking(harness.Case):

    def setUp(self):
        super().setUp()
        if server.process is None:
            server.start()
        self.corpus, self.golden = harness.make_corpus(self.folder / "in", documents=16, questions=8)
        self.experiment = f"e {os.path.basename(self.folder)}"

    def config(self, name="sweep.toml", more=""):
        return harness.write_config(self.folder, self.corpus, self.golden, name, more=f"""
[tracking]
uri = "{server.uri}"
experiment = "{self.experiment}"
grace_s = 100
{more}""")

    def runs(self):
        """(the sweep's run, {number: run of a trial})"""
        found = server.runs(self.experiment)
        parents = [run for run in found if "mlflow.parentRunId" not in run["tags"]]
        self.assertEqual(len(parents), 1, [run["name"] for run in found])
        trials = {int(run["params"]["trial"]): run for run in found if "mlflow.parentRunId" in run["tags"]}
        self.assertEqual(len(found), 1 + len(trials), "a trial has two runs")
        for run in trials.values():
            self.assertEqual(run["tags"]["mlflow.parentRunId"], parents[0]["id"])
        return parents[0], trials

    def upload(self, *arguments):
        return subprocess.run([harness.PROGRAMS / "dream_report", "--upload", self.folder / "results", *arguments], capture_output=True,
                              text=True, timeout=harness.HANG, check=False)

    def check_whole(self):
        """What MLflow holds is what the tables say."""
        parent, trials = self.runs()
        self.assertEqual(sorted(trials), list(range(1, TRIALS + 1)))
        questions = harness.rows(self.folder, "questions.csv")
        manifest = harness.manifest(self.folder)
        for row in harness.rows(self.folder, "results.csv"):
            run = trials[int(row["trial"])]
            self.assertEqual(run["status"], "FINISHED")
            for name, column in (("query_engine_identifier", "method"), ("embed_model_identifier", "embedder"), ("llm_identifier", "llm"),
                                 ("reranker", "reranker"), ("top_k", "top_k"), ("with", "parameters")):
                self.assertEqual(run["params"][name], row[column])
            self.assertEqual(sorted(name for name in run["params"] if name.startswith("with.")),
                             sorted("with." + part.split(" = ")[0] for part in re.split(r", (?=\w+ = )", row["parameters"])))
            for metric, value in row.items():
                if metric in run["metrics"] or metric.endswith(("_coverage", "_standard_error", "_usd", "_tokens")):
                    if value != "":
                        self.assertEqual(run["metrics"][metric], float(value), metric)
            self.assertIn("answer_correctness_standard_error", run["metrics"])
            own = [q for q in questions if q["trial"] == row["trial"]]
            self.assertEqual([q["id"] for q in own], [t["id"] for t in run["table"]])
            self.assertEqual([q["answer"] for q in own], [t["answer"] for t in run["table"]])
            for q, t in zip(own, run["table"]):
                if q["answer_correctness"] == "":
                    self.assertIsNone(t["answer_correctness"])
                else:
                    self.assertAlmostEqual(float(q["answer_correctness"]), t["answer_correctness"], 12)
            self.assertEqual(run["inputs"][0][1], manifest["golden"]["digest"])
        self.assertEqual(parent["status"], "FINISHED")
        self.assertEqual(parent["inputs"], [["golden.csv", manifest["golden"]["digest"], "local", {"uri": str(self.golden)},
                                             {"num_rows": 8}, {"mlflow.data.context": "evaluation"}]])
        for name in ("best.toml", "report.html", "results.csv", "manifest.json"):
            self.assertIn(name, parent["files"])
        self.assertEqual(parent["tags"]["dream.verdict"], manifest["verdict"])
        self.assertEqual(parent["tags"]["dream.commit"], manifest["build"]["commit"])
        self.assertEqual(parent["params"]["space.top_k"], "2, 4")
        self.assertEqual(parent["params"]["corpus.sources"], str(self.corpus))
        self.assertNotIn("sweep.state", parent["params"], "what may differ from start to start is no parameter")
        self.assertEqual(parent["tags"]["dream.output"], f"{self.folder}/results")
        self.assertEqual(parent["metrics"]["progress/score"], 1.0)
        self.assertEqual(parent["metrics"]["trials"], TRIALS)
        return parent

    def check_live(self):
        """Scores were told as soon as they were known, before the stage was over, and were right then: once for each trial."""
        lines = [json.loads(line) for line in (self.folder / "results/tracking/entries.jsonl").read_text().splitlines()[1:]]
        scores = [at for at, line in enumerate(lines) if line["slot"] == "scores"]
        written = (self.folder / "results/results.csv").stat().st_mtime * 1000
        self.assertEqual(len(scores), TRIALS)
        for at in scores:
            self.assertLess(lines[at]["time"], written)

    def test_a_sweep_is_there_whole_and_a_second_start_adds_nothing(self):
        first = harness.sweep(2, self.config())
        self.assert_ok(first)
        self.assertIn(f"MLflow shows the sweep at {server.uri}/#/experiments/", first.text)
        parent = self.check_whole()
        self.check_live()
        self.assert_ok(harness.sweep(3, self.config()))
        self.assertEqual(self.check_whole()["id"], parent["id"])
        for place in (self.folder / "results" / "tracking").iterdir():
            place.unlink() if place.is_file() else None
        self.assert_ok(harness.sweep(1, self.config()))  # nothing is known here any more
        self.assertEqual(self.check_whole()["id"], parent["id"])

    def test_a_server_that_is_down_delays_and_upload_brings_the_rest(self):
        server.stop()
        ended = harness.sweep(2, self.config(), "--set", "tracking.grace_s=1")
        self.assert_ok(ended)
        self.assertIn("dream_report --upload", ended.text)
        refused = self.upload()
        self.assertEqual(refused.returncode, harness.ENDPOINT, refused.stderr)
        self.assertIn("cannot be reached", refused.stderr)
        server.start()
        brought = self.upload()
        self.assertEqual(brought.returncode, harness.OK, brought.stderr)
        self.check_whole()

    def test_a_server_killed_in_the_middle(self):
        job = harness.Job(2, self.config(), "--set", "tracking.grace_s=100")
        deadline = time.monotonic() + harness.HANG
        while not (self.folder / "results/tracking/sent.jsonl").exists() or '"id"' not in (
                self.folder / "results/tracking/sent.jsonl").read_text():
            self.assertLess(time.monotonic(), deadline, job.text())
            time.sleep(0.05)
        server.stop()
        time.sleep(2)
        server.start()
        ended = job.wait(240)
        self.assert_ok(ended)
        if "the rest is kept" in ended.text:
            brought = self.upload()
            self.assertEqual(brought.returncode, harness.OK, f"{brought.stderr}\n{ended}")
        self.check_whole()

    def test_a_job_that_is_killed_goes_on_in_the_same_runs(self):
        killed = harness.sweep(2, self.config(), "--test-fault", "score:0:kill")
        self.assertNotEqual(killed.code, harness.OK)
        parent, _ = self.runs()
        self.assertEqual(parent["status"], "RUNNING")
        self.assert_ok(harness.sweep(2, self.config()))
        self.assertEqual(self.check_whole()["id"], parent["id"])

    def test_a_sweep_that_fails_says_so(self):
        ended = harness.sweep(2, self.config(), "--test-fault", "search:1:throw")
        self.assertNotEqual(ended.code, harness.OK)
        self.assertEqual(self.runs()[0]["status"], "FAILED")

    def test_a_host_name_that_the_server_does_not_know(self):
        # A proxy that is asked for the name leads to the server, which does not allow it.
        proxy = local_server.Server(Forwarder)
        ended = harness.sweep(2, self.config(), "--set", 'tracking.uri="http://mlflow.lab:5000"',
                              env={"http_proxy": proxy.url, "no_proxy": ""})
        proxy.close()
        self.assert_refused(ended, harness.ENDPOINT, "Invalid Host header", "--allowed-hosts mlflow.lab")
        self.assertFalse((self.folder / "state" / "parts").exists() and harness.sealed(self.folder))

    def test_no_section_no_request(self):
        before = (server.folder / "server.log").stat().st_size
        self.assert_ok(harness.sweep(1, harness.write_config(self.folder, self.corpus, self.golden),
                                     env={"MLFLOW_TRACKING_URI": server.uri}))
        self.assertFalse((self.folder / "results/tracking").exists())
        self.assertEqual((server.folder / "server.log").stat().st_size, before)
        self.assertEqual(urllib.request.urlopen(server.uri + "/health").read(), b"OK")


if __name__ == "__main__":
    harness.main()
