"""golden.holdout keeps questions out of the comparison; the finalists alone answer them, the same from any number of ranks."""
import csv
import shutil

import harness
import judge


class HoldOut(harness.Case):
    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=16, questions=16)
        self.config = self.write_config()

    def write_config(self, **how):
        config = harness.write_config(self.folder, self.corpus, self.golden, buckets=8, **how)
        config.write_text(config.read_text().replace("[golden]\n", "[golden]\nholdout = 0.25\nholdout_trials = 2\n"))
        return config

    def run_it(self, ranks):
        ended = harness.sweep(ranks, self.config)
        self.assert_ok(ended)
        return ended

    def files(self):
        results = self.folder / "results"
        return {name: (results / name).read_bytes() for name in ("results.csv", "questions.csv", "holdout.csv", "sweep.h5")}

    def test_only_finalists_answer_what_was_kept_back(self):
        plan = harness.sweep(0, self.config, "--plan")
        self.assertIn("12 golden questions", plan.text)
        self.assertIn("hold-out: 4 more questions, for at most 2 trials", plan.text)
        ended = self.run_it(2)
        self.assertIn("Hold-out: over 4 questions that chose nobody", ended.text)
        asked = {row["id"] for row in harness.rows(self.folder, "questions.csv")}
        self.assertEqual(len(asked), 12)
        held = harness.rows(self.folder, "holdout.csv")
        self.assertEqual(len({row["trial"] for row in held}), 2)
        of_objective = [row for row in held if row["metric"] == "answer_correctness"]
        self.assertEqual([row["holdout_questions"] for row in of_objective], ["4", "4"])
        manifest = harness.manifest(self.folder)
        self.assertEqual(manifest["golden"]["questions"], 12)
        self.assertEqual(manifest["holdout"]["questions"], 4)
        best = manifest["holdout"]["trials"][0]
        mean = next(float(row["answer_correctness"]) for row in harness.rows(self.folder, "results.csv") if int(row["trial"]) == best["number"])
        self.assertAlmostEqual(best["sweep"], mean, places=6)
        self.assertAlmostEqual(best["flattery"], best["sweep"] - best["mean"], places=6)

        # The same questions asked of all trials, alone: the finalists' means are those of the hold-out.
        with self.golden.open(newline="") as file:
            rows = list(csv.reader(file))
        kept = [f"q{i}" for i in range(1, 17) if f"q{i}" not in asked]
        alone = self.folder / "alone.csv"
        with alone.open("w", newline="") as file:
            csv.writer(file).writerows([rows[0]] + [rows[int(name[1:])] for name in kept])
        other = harness.write_config(self.folder / "alone", self.corpus, alone, buckets=8)
        self.assert_ok(harness.sweep(1, other))
        means = {row["trial"]: row["answer_correctness"] for row in harness.rows(self.folder / "alone", "results.csv")}
        for row in of_objective:
            self.assertAlmostEqual(float(row["holdout_mean"]), float(means[row["trial"]]), places=6)

        inspected = harness.sweep(0, self.folder / "state", "--sweep", self.config, "--orphans", program="state_inspect")
        self.assertEqual((inspected.code, inspected.text.split()), (0, []), "state_inspect would throw the hold-out away")
        before, made = self.files(), harness.part_stamps(self.folder)
        self.run_it(3)
        self.assertEqual(harness.part_stamps(self.folder), made, "the second run found all of it")
        self.assertEqual(self.files(), before)
        shutil.rmtree(self.folder / "state")
        shutil.rmtree(self.folder / "results")
        self.run_it(3)
        self.assertEqual(self.files(), before)

        self.assert_ok(harness.sweep(1, self.config, "--set", "golden.holdout=0"))
        self.assertFalse((self.folder / "results/holdout.csv").exists(), "an earlier run's")

    def test_a_hold_out_that_leaves_nothing_is_refused(self):
        for value, words in (("16", "would keep back 16 of the 16 questions"), ("0.01", "would keep back 0"), ("2.5", "write 2")):
            self.assert_refused(harness.sweep(2, self.config, "--set", f"golden.holdout={value}"), harness.CONFIG, f"golden.holdout = {value}", words)

    def test_a_judge_is_asked_once_and_dream_report_shows_what_it_said(self):
        endpoint = judge.Judge()
        self.addCleanup(endpoint.close)
        more = f'[models.judge]\nkind = "openai"\nbase_url = "{endpoint.url}"\nmodel = "judge"\n[judge]\nllm = "judge"\njson_schema = false\n'
        self.config = self.write_config(more=more, methods='{ name = "sentence_window", window = 1 }')
        self.run_it(2)
        self.assertEqual(set(endpoint.asked.values()), {1})
        before, asked = self.files(), len(endpoint.asked)
        self.assertIn('"holdout":{"questions":4', (self.folder / "results/report.html").read_text())
        shutil.rmtree(self.folder / "state/parts")
        self.run_it(3)
        self.assertEqual((set(endpoint.asked.values()), len(endpoint.asked)), ({1}, asked), "a second run asked again")
        self.assertEqual(self.files(), before)

        output = self.folder / "results"
        row = next(row for row in harness.rows(self.folder, "questions.csv") if float(row["faithfulness"] or 0) > 0)
        text = harness.sweep(0, output, "--trial", row["trial"], "--question", row["id"], program="dream_report").text
        for words in ("verdicts of the judge", "    + supported: ", "        words", "in the contexts: ", "context 1", ".txt, page 1"):
            self.assertIn(words, text)
        self.assertIn("Hold-out: over 4 questions", harness.sweep(0, output, "--markdown", program="dream_report").text)


if __name__ == "__main__":
    harness.main()
