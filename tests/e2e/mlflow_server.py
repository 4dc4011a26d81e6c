"""A real MLflow server on a PostgreSQL of its own, and MLflow's Python client to look at what it holds.

DREAM_MLFLOW names a virtual environment with `mlflow` and `psycopg2-binary`.
"""
import glob
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

# Loads everything that a test wants to know, as JSON.
LOOK = """
import json, sys, mlflow
from mlflow import MlflowClient
mlflow.set_tracking_uri(sys.argv[1])
experiment = MlflowClient().get_experiment_by_name(sys.argv[2])
if experiment is None:
    print("[]")
    raise SystemExit
mlflow.set_experiment(sys.argv[2])
client = MlflowClient()
runs, page = [], None
while True:
    found = client.search_runs([experiment.experiment_id], max_results=1000, page_token=page)
    runs += found
    page = found.token
    if not page:
        break
out = []
for run in runs:
    files = []
    def walk(path):
        for item in client.list_artifacts(run.info.run_id, path):
            walk(item.path) if item.is_dir else files.append(item.path)
    walk(None)
    table = None
    if "questions.json" in files:
        frame = mlflow.load_table("questions.json", run_ids=[run.info.run_id])
        table = json.loads(frame.to_json(orient="records", double_precision=15))
    out.append({"id": run.info.run_id, "name": run.info.run_name, "status": run.info.status, "params": run.data.params,
                "metrics": run.data.metrics, "tags": run.data.tags, "files": sorted(files), "table": table,
                "inputs": [[i.dataset.name, i.dataset.digest, i.dataset.source_type, json.loads(i.dataset.source), json.loads(i.dataset.profile),
                            {t.key: t.value for t in i.tags}] for i in run.inputs.dataset_inputs]})
print(json.dumps(out))
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """`stop()` and `start()` may follow each other: the data stay. `artifacts`: where they are kept, with the environment to get there;
    a folder of the server's when it is empty. s3:// takes `boto3` in the virtual environment."""

    def __init__(self, workers=1, artifacts="", env=None):
        self.workers, self.artifacts, self.env = workers, artifacts, env or {}
        home = os.environ.get("DREAM_MLFLOW", "")
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not (pathlib.Path(home) / "bin/mlflow").exists():
            raise unittest.SkipTest("no MLflow: DREAM_MLFLOW must name a virtual environment with mlflow and psycopg2-binary")
        if not found:
            raise unittest.SkipTest("no PostgreSQL in /usr/lib/postgresql")
        self.bin = pathlib.Path(home) / "bin"
        self.postgres = pathlib.Path(found[-1]).parent
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dream_mlflow_"))
        self.folder.chmod(0o711)
        self.data = self.folder / "pg"
        self.data.mkdir()
        self.database_port, self.port = free_port(), free_port()
        self.process = None
        # PostgreSQL does not run as root.
        self.user = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.data, user.pw_uid, user.pw_gid)
            self.user = ["runuser", "-u", "postgres", "--"]
        try:
            self.control("initdb", "-D", self.data / "d", "-A", "trust", "-U", "postgres")
            self.control("pg_ctl", "-D", self.data / "d", "-w", "start", "-l", self.data / "log", "-o",
                         f"-p {self.database_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data} -c fsync=off")
            self.control("createdb", "-h", "127.0.0.1", "-p", self.database_port, "-U", "postgres", "mlflow")
            self.start()
        except BaseException:
            self.close()
            raise

    def control(self, program, *arguments):
        subprocess.run([*self.user, str(self.postgres / program), *map(str, arguments)], check=True, cwd="/", stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, timeout=120)

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        database = f"postgresql+psycopg2://postgres@127.0.0.1:{self.database_port}/mlflow"
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.bin / "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", str(self.workers), "--backend-store-uri",
                 database, "--artifacts-destination", self.artifacts or self.folder / "artifacts", "--serve-artifacts"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True, env={**os.environ, **self.env, "MLFLOW_DISABLE_TELEMETRY": "true"})
        for _ in range(600):
            try:
                if urllib.request.urlopen(self.uri + "/health", timeout=5).read() == b"OK":
                    return
            except OSError:
                time.sleep(0.5)
        raise AssertionError("MLflow did not start:\n" + (self.folder / "server.log").read_text()[-2000:])

    def stop(self):
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def close(self):
        self.stop()
        subprocess.run([*self.user, str(self.postgres / "pg_ctl"), "-D", str(self.data / "d"), "-m", "immediate", "stop"], cwd="/",
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def experiment(self, name):
        """The id of an experiment."""
        asked = self.uri + "/api/2.0/mlflow/experiments/get-by-name?" + urllib.parse.urlencode({"experiment_name": name})
        return json.loads(urllib.request.urlopen(asked).read())["experiment"]["experiment_id"]

    def runs(self, experiment):
        """All runs of an experiment, each a dictionary: what MLflow's own client says."""
        done = subprocess.run([self.bin / "python", "-c", LOOK, self.uri, experiment], capture_output=True, text=True, timeout=300,
                              env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}, check=False)
        if done.returncode:
            raise AssertionError(done.stderr)
        return json.loads(done.stdout.splitlines()[-1])
