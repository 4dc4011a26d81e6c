#!/usr/bin/env python3
"""How close a whole sweep comes to the rate that its endpoint allows: answers and a judge at a stub that takes --latency-ms for
each call, --in-flight of them open over all ranks.

usage: tests/bench/calls/sweep_rate.py [--ranks N] [--questions Q] [--in-flight N] [--latency-ms L] [--runs R]

Measured is the time at the stub from its first request to its last reply, against calls x latency / in-flight plus the
longest chain of calls that wait for each other: answer, its statements, their verdicts. All that needs no calls is done
before. One SUMMARY line a run, and one for the best of them.
"""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
import harness

CHAIN = 3


def run_once(folder, number, options):
    stub = subprocess.Popen([str(harness.PROGRAMS / "calls_bench"), "--stub", "--latency-ms", str(options.latency_ms)],
                            stdout=subprocess.PIPE, text=True)
    try:
        address = re.search(r"on (\S+)", stub.stdout.readline()).group(1)
        place = folder / f"run{number}"
        more = (f'[models.asked]\nkind = "openai"\nbase_url = "http://{address}/v1"\nmodel = "stub"\n'
                f'limits = {{ in_flight = {options.in_flight} }}\n[judge]\nllm = "asked"\njson_schema = false\n')
        config = harness.write_config(place, folder / "corpus", folder / "golden.csv", buckets=8, more=more, embedders='["small"]')
        config.write_text(config.read_text().replace('llm = "quote"', 'llm = "asked"'))
        if number:
            shutil.copytree(folder / "state", place / "state")
        ended = harness.sweep(options.ranks, config, "--until", "select", timeout=600)
        if ended.code != 0:
            sys.exit(str(ended))
        if not number:
            shutil.copytree(place / "state", folder / "state")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = harness.sweep(options.ranks, config, timeout=600)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if ended.code != 0:
            sys.exit(str(ended))
        stats = json.load(urllib.request.urlopen(f"http://{address}/stats"))
    finally:
        stub.terminate()
        stub.wait()
    latency = options.latency_ms / 1e3
    calls, took = stats["requests"], stats["seconds"]
    ideal = calls * latency / options.in_flight + CHAIN * latency
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    line = (f"calls={calls} ranks={options.ranks} in_flight={options.in_flight} most_open={stats['most_open']} latency_ms={options.latency_ms} "
            f"took_s={took:.2f} ideal_s={ideal:.2f} ratio={took / ideal:.3f} cpu_of_all_ranks_s={cpu:.1f} load={os.getloadavg()[0]:.1f}")
    print("run " + line, flush=True)
    return took / ideal, line


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--latency-ms", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dream_sweep_rate_"))
    harness.make_corpus(folder, documents=options.questions, questions=options.questions, sentences=12)
    results = [run_once(folder, number, options) for number in range(options.runs)]
    shutil.rmtree(folder)
    print("SUMMARY " + min(results)[1])


main()
