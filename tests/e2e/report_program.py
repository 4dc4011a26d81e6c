"""dream_report reads an output folder and nothing else: the page made anew, one answer, two sweeps compared, a gate for CI."""
import shutil

import harness

BELOW = 8


class ReportProgram(harness.Case):
    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=20, questions=10)
        self.config = harness.write_config(self.folder, self.corpus, self.golden)
        self.assert_ok(harness.sweep(2, self.config))
        self.output = self.folder / "results"

    def report(self, *arguments, code=harness.OK):
        ended = harness.sweep(0, *arguments, program="dream_report")
        self.assertEqual(ended.code, code, ended)
        return ended.text

    def test_an_output_folder_alone_gives_page_answer_and_gate(self):
        shutil.rmtree(self.folder / "state")
        shutil.rmtree(self.corpus)
        page = self.output / "report.html"
        before = page.read_bytes()
        page.unlink()
        verdict = harness.manifest(self.folder)["verdict"]
        text = self.report(self.output)
        self.assertIn(verdict.replace("_", "\\_"), text)
        self.assertEqual(text.count("\n| "), 13, "a head and 12 trials")
        self.assertEqual(page.read_bytes(), before)

        page.unlink()
        self.assertEqual(self.report(self.output, "--markdown") + "", text.replace(f"{page} is new\n", ""))
        self.assertFalse(page.exists(), "--markdown writes nothing")
        (self.output / "manifest.json").rename(self.folder / "away.json")
        self.report(self.output)
        self.assertIn(b'"measured":null', page.read_bytes())

        row = next(row for row in harness.rows(self.folder, "questions.csv") if row["trial"] == "5" and row["chunks"])
        answer = self.report(self.output, "--trial", 5, "--question", row["id"])
        for words in ("trial 5 (", row["question"], row["answer"], row["chunks"].split()[0], ".txt, page 1"):
            self.assertIn(words, answer)
        both = self.report(self.output, "--trial", 5, "--question", row["id"], "--beside", 7)
        self.assertRegex(both, r"(?m)^trial 5 \(.* \| trial 7 \(")
        self.report(self.output, "--beside", 7, code=harness.CONFIG)
        self.assertIn("no trial 13; there are 12", self.report(self.output, "--trial", 13, "--question", row["id"], code=harness.CONFIG))

        self.assertIn("is not below 0.01", self.report(self.output, "--fail-below", "context_recall=0.01"))
        below = self.report(self.output, "--fail-below", "context_recall=0.01,answer_correctness=1.5", "--trial", 2, code=BELOW)
        self.assertIn("trial 2 (", below)
        self.assertIn("all of its 95 % interval lies below", below)
        self.assertNotIn("context_recall", below)
        self.report(self.output, "--fail-below", "faith=1", code=harness.CONFIG)
        self.report(self.output, "--trial", 3, code=harness.CONFIG)
        self.assertIn("not there", self.report(self.corpus, code=harness.STATE))

    def test_two_sweeps_are_compared_where_they_asked_the_same(self):
        more = harness.write_config(self.folder / "more", self.corpus, self.golden, embedders='["small"]', more='[index]\nshards = 2\n')
        self.assert_ok(harness.sweep(1, more, "--set", "golden.size=7"))
        other = self.folder / "more" / "results"
        text = self.report("--compare", self.output, other)
        self.assertIn("3 questions stand in A alone and 0 in B alone", text)
        self.assertIn("over 7 common questions", text)
        self.assertIn("| index.shards | 8 | 2 |", text)
        self.assertNotIn("The judges differ", text)
        rows = [line.split("|") for line in text.splitlines() if "small, top" in line and line.startswith("| ")]
        self.assertEqual(len(rows), 6)
        for row in rows:  # an exact index gives the same hits from any number of shards
            self.assertEqual(row[6].strip(), "+0.000", text)
        self.assertIn("no metric", self.report("--compare", self.output, other, "--metric", "mmr", code=harness.CONFIG))

    def test_the_record_has_the_same_bytes_from_any_number_of_ranks(self):
        one = (self.output / "sweep.h5").read_bytes()
        shutil.rmtree(self.folder / "state")
        shutil.rmtree(self.output)
        self.assert_ok(harness.sweep(3, self.config))
        self.assertEqual((self.output / "sweep.h5").read_bytes(), one)


if __name__ == "__main__":
    harness.main()
