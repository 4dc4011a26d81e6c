#!/usr/bin/env python3
"""Calls per second of a whole sweep that waits for its endpoint: 1 to 16 ranks with 16 calls in flight each, replies after 200 ms.

usage: tests/bench/endpoint_scaling/run.py [--ranks 1,2,4,8,16] [--seconds 10] [--latency 0.2] [--in-flight 16] [--share 0.9]

Beginning and end are the endpoint's: arrival of the first call, last reply. What can be had is in-flight x ranks / latency, until
the endpoint's own limit, measured first: calls per second without latency, sent by a client of its own kind. A line for each number of
ranks, and a SUMMARY line last; exit code 1 when a share is below --share. `load` is the machine's before the start: above
0.2 the figures mean little. DREAM_PROGRAMS and MPIEXEC as in the tests.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import harness  # noqa: E402

STUB = HERE / "stub.py"
METHODS = '{ name = "sentence_window", window = 1 }, { name = "overlap", size = 32, overlap = 8 }'
TOP_KS = 10
MODEL = """[models.asked]
kind = "openai"
base_url = "http://127.0.0.1:{port}/v1"
model = "tiny"
limits = {{ in_flight = {in_flight} }}
"""


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dream_endpoint_scaling_"))
        self.server = subprocess.Popen([sys.executable, STUB, "serve", str(options.latency)], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        self.port = int(self.server.stdout.readline())
        most = max(options.ranks) * self.possible(1) * options.seconds
        questions = max(16, int(most / (2 * TOP_KS)))
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=questions, questions=questions, sentences=16)

    def close(self):
        self.server.stdin.close()
        self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as reply:
            return json.load(reply)

    def possible(self, ranks):
        return self.options.in_flight * ranks / self.options.latency

    def limit(self):
        """The endpoint's own: the best of three."""
        command = [sys.executable, STUB, "hammer", str(self.port), "64", "2"]
        return max(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(3))

    def measure(self, ranks):
        """(calls, seconds, most open at once) of a sweep on `ranks` ranks; its stages before the answers are made first."""
        calls = self.possible(ranks) * self.options.seconds
        model = MODEL.format(port=self.port, in_flight=self.options.in_flight * ranks)
        config = harness.write_config(self.folder / f"ranks{ranks}", self.corpus, self.golden, methods=METHODS, buckets=16,
                                      embedders='["small"]', more=model)
        config.write_text(config.read_text().replace('llm = "quote"', 'llm = "asked"').replace(
            "top_k = [2, 4]", f"top_k = {list(range(1, TOP_KS + 1))}"))
        size = ["--set", f"golden.size={max(1, int(calls / (2 * TOP_KS)))}"]
        for more in (["--until", "select"], []):
            self.get("/reset")
            ended = harness.sweep(ranks, config, *size, *more, timeout=600)
            if ended.code != harness.OK:
                raise SystemExit(f"the sweep failed: {ended}")
        seen = self.get("/stats")
        shutil.rmtree(config.parent)
        return seen["calls"], seen["seconds"], seen["most_open"]

    def run(self):
        load = os.getloadavg()[0]
        limit = self.limit()
        print(f"endpoint's own limit: {limit:.0f} calls/s; load {load:.1f}; {os.cpu_count()} cores")
        shares = {}
        for ranks in self.options.ranks:
            calls, seconds, most_open = self.measure(ranks)
            rate, reach = calls / seconds, min(self.possible(ranks), limit)
            shares[ranks] = rate / reach
            print(f"{ranks:3} ranks: {calls} calls in {seconds:.2f} s: {rate:.1f} calls/s of {reach:.1f} = {rate / reach:.3f}, "
                  f"at most {most_open} open", flush=True)
        worst = min(shares.values())
        print(f"SUMMARY endpoint_scaling latency={self.options.latency} in_flight={self.options.in_flight} limit={limit:.0f} "
              + " ".join(f"share_{ranks}={share:.3f}" for ranks, share in shares.items())
              + f" worst={worst:.3f} wanted={self.options.share} load={load:.1f}")
        return worst >= self.options.share


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2, 4, 8, 16])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--share", type=float, default=0.9)
    bench = Bench(parser.parse_args())
    try:
        well = bench.run()
    finally:
        bench.close()
    sys.exit(0 if well else 1)


main()
