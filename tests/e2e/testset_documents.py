"""Sixty golden questions from real quarterly reports: the same bytes on 1, 3 and 4 ranks and after a kill, and a file that
pandas and ragas load.
"""
import os
import pathlib
import subprocess
import sys
import threading

import author
import harness

PAPERS = 4
LOADS = """
import json, sys
import pandas
table = pandas.read_csv(sys.argv[1])
table["reference_contexts"] = table["reference_contexts"].map(json.loads)
from ragas import EvaluationDataset
samples = EvaluationDataset.from_pandas(table).samples
assert len(samples) == len(table) > 0
assert all(isinstance(s.reference_contexts, list) and s.user_input and s.reference for s in samples)
print(len(samples), "rows are samples of ragas")
"""


class RealGoldenDatasets(harness.Case):

    def setUp(self):
        super().setUp()
        papers = sorted((harness.data_folder() / "sec10q" / "docs").glob("*.pdf"))[:PAPERS]
        self.corpus = self.folder / "corpus"
        self.corpus.mkdir()
        for paper in papers:
            (self.corpus / paper.name).symlink_to(paper)

    def config(self, name, endpoint):
        more = (f'[models.author]\nkind = "openai"\nbase_url = "{endpoint.url}"\nmodel = "author-1"\n'
                f'[testset]\nllm = "author"\nsize = 60\njson_schema = false\n')
        return harness.write_config(self.folder / name, self.corpus, self.folder / name / "golden.csv", more=more)

    def outputs(self, name):
        folder = self.folder / name
        return {path.name: path.read_bytes() for path in (folder / "golden.csv", folder / "golden.review.csv",
                                                          folder / "results/testset.csv", folder / "results/testset_dropped.csv")}

    def test_sixty_questions_of_reports(self):
        first = None
        for ranks in (1, 3, 4):
            endpoint = author.Author()
            ended = harness.sweep(ranks, self.config(f"ranks{ranks}", endpoint), program="dream_golden", timeout=400)
            self.assert_ok(ended)
            self.assertEqual(set(endpoint.asked.values()), {1})
            first = first or self.outputs(f"ranks{ranks}")
            self.assert_same_tables(first, self.outputs(f"ranks{ranks}"), f"{ranks} ranks")
            requests = endpoint.requests
            endpoint.close()
        print(ended.text)
        reached = threading.Event()
        endpoint = author.Author(stop_at=requests // 3, stop=reached.set)
        job = harness.Job(3, self.config("killed", endpoint), program="dream_golden")
        self.assertTrue(reached.wait(400))
        job.kill_all()
        self.assert_ok(harness.sweep(2, self.config("killed", endpoint), program="dream_golden", timeout=400))
        self.assert_same_tables(first, self.outputs("killed"), "after a kill")
        endpoint.close()
        self.assertGreaterEqual(first["golden.csv"].count(b",author-1\n"), 50)
        self.loads(self.folder / "killed" / "golden.csv")

    def loads(self, golden):
        """With the Python that DREAM_PEER_PYTHON names, else this one, if it has pandas and ragas."""
        python = os.environ.get("DREAM_PEER_PYTHON", sys.executable)
        has = subprocess.run([python, "-c", "import pandas; from ragas import EvaluationDataset"], capture_output=True, check=False)
        if has.returncode != 0:
            print(f"not tried with ragas: {pathlib.Path(python).name} has none (set DREAM_PEER_PYTHON)")
            return
        told = subprocess.run([python, "-c", LOADS, str(golden)], capture_output=True, text=True, check=False)
        self.assertEqual(told.returncode, 0, told.stderr)
        print(told.stdout)


harness.main()
