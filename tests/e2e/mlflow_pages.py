"""Pictures of what MLflow's own pages make of a sweep: the table of runs, one run, parallel coordinates. For people to look at; no
test. The sweep is DREAM's: 3 methods x 2 embedders x 2 top_k.

usage: DREAM_MLFLOW=VENV DREAM_PROGRAMS=build/ci/bin python3 tests/e2e/mlflow_pages.py FOLDER
"""
import json
import pathlib
import sys
import tempfile
import time
import urllib.parse

import browser
import harness
import mlflow_server

EXPERIMENT = "rag-handbook"
PATIENCE = 60


def wait_for_text(page, *words):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        text = page.run("document.body.innerText")
        if all(word in text for word in words):
            time.sleep(3)  # pictures are drawn after their words
            return
        time.sleep(0.5)
    print(f"these words did not come: {words}\n{page.run('document.body.innerText')[:1500]}", file=sys.stderr)


def sweep(server, folder):
    corpus, golden = harness.make_corpus(folder / "in", documents=16, questions=20)
    config = harness.write_config(folder, corpus, golden, more=f'[tracking]\nuri = "{server.uri}"\nexperiment = "{EXPERIMENT}"\ngrace_s = 300\n')
    ended = harness.sweep(2, config)
    if ended.code != harness.OK:
        raise SystemExit(str(ended))


def main():
    pictures = pathlib.Path(sys.argv[1])
    pictures.mkdir(parents=True, exist_ok=True)
    browser.find()
    server = mlflow_server.Server()
    try:
        with tempfile.TemporaryDirectory() as folder:
            sweep(server, pathlib.Path(folder))
        runs = server.runs(EXPERIMENT)
        parent = next(run for run in runs if "mlflow.parentRunId" not in run["tags"])
        trials = [run["id"] for run in runs if run is not parent]
        experiment = server.experiment(EXPERIMENT)
        asked = urllib.parse.urlencode({"runs": json.dumps(trials), "experiments": json.dumps([experiment])}, quote_via=urllib.parse.quote)
        pages = {"runs": (f"experiments/{experiment}/runs", ["matching runs"]),
                 "sweep": (f"experiments/{experiment}/runs/{parent['id']}", ["dream.verdict"]),
                 "trial": (f"experiments/{experiment}/runs/{trials[0]}", ["query_engine_identifier"]),
                 "compare": (f"compare-runs?{asked}", ["Parallel Coordinates"])}
        for name, (address, words) in pages.items():
            with browser.Page(f"{server.uri}/#/{address}", width=1900, height=1300) as page:
                wait_for_text(page, *words)
                if name == "runs":  # the trials are folded up below their sweep
                    page.run("document.querySelector('[data-component-id*=runnamecellrenderer i]')?.click()")
                    wait_for_text(page, "trial 1 (")
                page.screenshot(pictures / f"{name}.png", whole=False)
            print(pictures / f"{name}.png", flush=True)
    finally:
        server.close()


if __name__ == "__main__":
    main()
