"""How long MLflow on PostgreSQL takes for the runs of a large sweep, and whose processor time that is: ours (tracking_bench), the
server's, the database's. DREAM_MLFLOW as for tests/e2e/mlflow_server.py.

usage: tests/bench/tracking/run.py [PROGRAMS] [--trials N] [--metrics N] [--workers N]
"""
import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
import mlflow_server


def processor_seconds(belongs):
    """Of the living processes whose command line `belongs` accepts, with those of their children that ended."""
    ticks = 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if belongs((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")):
                ticks += sum(map(int, (process / "stat").read_text().rsplit(")", 1)[1].split()[11:15]))
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", nargs="?", default="build/release/bin")
    parser.add_argument("--trials", type=int, default=5000)
    parser.add_argument("--metrics", type=int, default=40)
    parser.add_argument("--workers", type=int, default=1, help="of the server")
    arguments = parser.parse_args()
    server = mlflow_server.Server(workers=arguments.workers)
    try:
        sides = {"MLflow": lambda line: f"--port {server.port}" in line or "mlflow.server" in line or "multiprocessing.spawn" in line,
                 "PostgreSQL": lambda line: str(server.data) in line or line.startswith("postgres: ")}
        before = {name: processor_seconds(belongs) for name, belongs in sides.items()}
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([f"{arguments.programs}/tracking_bench", server.uri, folder, str(arguments.trials), str(arguments.metrics)],
                           check=True)
        ours = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = {name: processor_seconds(belongs) - before[name] for name, belongs in sides.items()}
        print(f"processor seconds: tracking_bench {ours.ru_utime + ours.ru_stime:.1f}, "
              + ", ".join(f"{name} {seconds:.1f}" for name, seconds in spent.items()), flush=True)
    finally:
        server.close()


if __name__ == "__main__":
    main()
