"""inputs/explore.ipynb, executed from its first cell to its last in a copy of inputs/. It needs pandas, h5py, matplotlib,
nbclient and ipykernel, which no Debian package list of ours brings: make a venv with
`pip install pandas h5py matplotlib nbclient ipykernel`, and let DREAM_NOTEBOOK_PYTHON name its python.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import harness

PYTHON = os.environ.get("DREAM_NOTEBOOK_PYTHON", sys.executable)
NOTEBOOK = harness.SOURCE / "inputs/explore.ipynb"

# Runs in PYTHON: what a user's "run all" does.
EXECUTE = """
import sys, nbformat, nbclient
book = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(book, timeout=300, kernel_name="python3").execute()
nbformat.write(book, sys.argv[2])
"""


class Explore(harness.Case):

    def test_nothing_of_a_run_is_committed(self):
        for cell in json.loads(NOTEBOOK.read_text())["cells"]:
            if cell["cell_type"] == "code":
                self.assertEqual((cell["outputs"], cell["execution_count"]), ([], None), cell["source"])

    def test_it_runs_from_the_first_cell_to_the_last(self):
        modules = "import pandas, h5py, matplotlib, nbclient, nbformat, ipykernel"
        if subprocess.run([PYTHON, "-c", modules], capture_output=True).returncode != 0:
            raise unittest.SkipTest(f"{PYTHON} lacks one of: {modules.removeprefix('import ')} (see this file's first lines)")
        models = pathlib.Path(os.environ.get("DREAM_MODELS", harness.SOURCE / "models"))
        if not (models / "all-MiniLM-L6-v2").exists():
            raise unittest.SkipTest(f"no weights in {models} (jobs/quickstart.sh fetches them)")
        shutil.copytree(harness.SOURCE / "inputs", self.folder / "inputs")
        done = self.folder / "done.ipynb"
        env = {**harness.environment(), "DREAM_PROGRAMS": str(harness.PROGRAMS), "DREAM_MODELS": str(models),
               "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        ended = subprocess.run([PYTHON, "-c", EXECUTE, "explore.ipynb", str(done)], cwd=self.folder / "inputs", env=env,
                               capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        shown = [(output.get("name"), output.get("text", ""), output.get("data", {}))
                 for cell in json.loads(done.read_text())["cells"] if cell["cell_type"] == "code" for output in cell["outputs"]]
        self.assertEqual([text for name, text, _ in shown if name == "stderr"], [])
        self.assertTrue(any("image/png" in data for _, _, data in shown), "a plot")
        said = "".join("".join(text) for _, text, _ in shown)
        self.assertIn("by chance alone so much or more", said)
        tables = "".join("".join(data.get("text/plain", "")) for _, _, data in shown)
        # The means that it shows are those of the program.
        best = max(float(row["answer_correctness"]) for row in harness.rows(self.folder, "quickstart/results.csv"))
        self.assertIn(f"{best:.3f}", tables)


if __name__ == "__main__":
    harness.main()
