"""Golden questions in every format that is read: the same questions, the same scores; and what is wrong is named by row and
line before anything is computed.
"""
import csv
import json

import harness

LEXICAL = ["exact_match", "token_f1", "rouge_l", "bleu", "chrf", "numeric_match", "quoted_spans"]
RETRIEVAL = ["hit_rate", "recall", "mrr", "ndcg"]


class GoldenFiles(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=12, questions=6)
        with self.golden.open(newline="") as file:
            self.rows = list(csv.DictReader(file))

    def sweep(self, name, golden, *arguments, ranks=2):
        config = harness.write_config(self.folder / name, self.corpus, golden, buckets=8,
                                      methods='{ name = "sentence_window", window = 1 }')
        return harness.sweep(ranks, config, "--set", 'space.embedder="small"', "--set", "space.top_k=3", *arguments)

    def scores(self, name, metrics):
        return [[row[metric] for metric in metrics] for row in harness.rows(self.folder / name, "questions.csv")]

    def squad(self, extra=()):
        paragraphs = [{"context": json.loads(row["contexts"])[0], "qas": [
            {"id": str(i), "question": row["question"], "answers": [{"text": row["ground_truth"], "answer_start": 0}]}]}
            for i, row in enumerate(self.rows)]
        if extra:
            paragraphs[0]["qas"] += extra
        return {"version": "1.1", "data": [{"title": "all", "paragraphs": paragraphs}]}

    def test_all_formats_of_the_same_questions_score_the_same(self):
        self.assert_ok(self.sweep("csv", self.golden))
        wanted = self.scores("csv", LEXICAL + RETRIEVAL)
        lines = self.folder / "golden.jsonl"
        lines.write_text("".join(json.dumps({"user_input": row["question"], "reference": row["ground_truth"],
                                             "reference_contexts": json.loads(row["contexts"]),
                                             "sources": json.loads(row["sources"])}) + "\n" for row in self.rows))
        squad = self.folder / "squad.json"
        squad.write_text(json.dumps(self.squad(), indent=1))
        for file in (lines, squad):
            self.assert_ok(self.sweep(file.stem, file, ranks=3))
            self.assertEqual(self.scores(file.stem, LEXICAL + RETRIEVAL), wanted, file)
        for row in harness.rows(self.folder / "csv", "questions.csv"):
            self.assertIn(row["exact_match"], ("0", "1", "0.0", "1.0", ""))
            self.assertEqual(row["numeric_match_reason"], "no_number")
        # They rank trials like any other metric.
        ended = self.sweep("objective", self.golden, "--set", 'objective.maximize="token_f1"', "--set", "space.top_k=[2,4]")
        self.assert_ok(ended)
        golden = harness.manifest(self.folder / "objective")["golden"]["digest"]
        self.assertIn(golden, (self.folder / "objective/results/best.toml").read_text())

    def test_every_rank_gets_every_question(self):
        """More questions than go into one message between ranks."""
        lines = self.folder / "many.jsonl"
        lines.write_text("".join(json.dumps({"question": f"{i}: {row['question']}", "reference": row["ground_truth"],
                                             "sources": json.loads(row["sources"])}) + "\n"
                                 for i in range(25) for row in self.rows))
        tables = {}
        for ranks in (1, 3):
            self.assert_ok(self.sweep(f"many{ranks}", lines, ranks=ranks))
            tables[ranks] = harness.tables(self.folder / f"many{ranks}")
        self.assertEqual(len(harness.rows(self.folder / "many3", "questions.csv")), 150)
        self.assert_same_tables(tables[1], tables[3], "3 ranks")

    def test_questions_without_an_answer_are_answered_by_silence(self):
        golden = self.folder / "v2.json"
        golden.write_text(json.dumps(self.squad([{"id": "none", "question": "Xyzzy qwfp?", "answers": [], "is_impossible": True}])))
        self.assert_ok(self.sweep("v2", golden))
        row = next(row for row in harness.rows(self.folder / "v2", "questions.csv") if row["id"] == "none")
        self.assertEqual(row["exact_match_reason"], "")
        self.assertEqual(float(row["exact_match"]), 1.0 if row["answer"] == "" else 0.0)
        self.assertIn(row["bleu_reason"], ("no_reference", "empty_answer"))
        self.assertEqual(row["ndcg_reason"], "no_gold")

    def test_beir_keeps_its_grades(self):
        folder = self.folder / "beir"
        (folder / "qrels").mkdir(parents=True)
        (folder / "queries.jsonl").write_text("".join(
            json.dumps({"_id": str(i), "text": row["question"]}) + "\n" for i, row in enumerate(self.rows)))
        right = [json.loads(row["sources"])[0].removesuffix(".txt") for row in self.rows]
        for grade in (1, 5):
            with (folder / "qrels/test.tsv").open("w") as file:
                file.write("query-id\tcorpus-id\tscore\n")
                for i, name in enumerate(right):
                    file.write(f"{i}\t{name}\t{grade}\n{i}\t{right[i - 1]}\t1\n")
            self.assert_ok(self.sweep(f"beir{grade}", folder))
        one, five = self.scores("beir1", ["ndcg", "hit_rate"]), self.scores("beir5", ["ndcg", "hit_rate"])
        self.assertEqual([hit for _, hit in one], [hit for _, hit in five])
        # The right document alone is found: worth 5 of 5 + 1 now, and no longer 1 of 2.
        self.assertTrue(any(float(a) < float(b) for (a, _), (b, _) in zip(one, five)), (one, five))
        row = harness.rows(self.folder / "beir5", "questions.csv")[0]
        self.assertEqual(row["context_recall_reason"], "no_reference")

    def test_a_folder_of_beir_is_corpus_and_questions(self):
        folder = self.folder / "beir"
        (folder / "qrels").mkdir(parents=True)
        documents = sorted(self.corpus.rglob("*.txt"))
        lines = [json.dumps({"_id": file.stem, "title": "", "text": file.read_text()}) for file in documents]
        (folder / "corpus.jsonl").write_text("\n".join(lines[:3] + ["no json", "", '{"_id": "7", "text": 7}', lines[0]] + lines[3:]))
        (folder / "queries.jsonl").write_text("".join(
            json.dumps({"_id": str(i), "text": row["question"]}) + "\n" for i, row in enumerate(self.rows)))
        (folder / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(
            f"{i}\t{json.loads(row['sources'])[0].removesuffix('.txt')}\t1\n" for i, row in enumerate(self.rows)))
        self.assert_ok(self.sweep("files", folder))
        self.corpus = folder
        tables = None
        for ranks in (1, 3):
            self.assert_ok(self.sweep(f"lines{ranks}", folder, ranks=ranks))
            tables = tables or harness.tables(self.folder / f"lines{ranks}")
            self.assert_same_tables(tables, harness.tables(self.folder / f"lines{ranks}"), f"{ranks} ranks")
        # The same texts from files and from lines are found alike.
        self.assertEqual(self.scores("lines3", RETRIEVAL), self.scores("files", RETRIEVAL))
        manifest = harness.manifest(self.folder / "lines3")
        self.assertEqual({row["document"]: row["reason"] for row in manifest["failed_documents"]},
                         {f"corpus.jsonl:{line}": "parse_error" for line in (4, 6, 7)})

    def test_wrong_rows_are_named_before_the_work(self):
        lines = self.folder / "bad.jsonl"
        lines.write_text('{"question": "Q", "reference": "R"}\n{"question": "Q"}\n\n{"question": "", "reference": "R"}\nno\n')
        ended = self.sweep("bad", lines, ranks=3)
        self.assertEqual(ended.code, harness.INPUT, ended)
        for part in ("bad.jsonl", "row 2 (line 2)", "no such field", "row 3 (line 4)", "empty; write the question",
                     "row 4 (line 5)", "no JSON object"):
            self.assertIn(part, ended.text)
        lines.write_text('{"question": "Q", "reference": "R", "sources": ["doc1.txt"]}\n')
        ended = self.sweep("absent", lines, ranks=2)
        self.assertEqual(ended.code, harness.INPUT, ended)
        self.assertIn("row 1 (line 1), column \"sources\": \"doc1.txt\" is no document", ended.text)

    def test_what_deserves_a_look_is_told(self):
        golden = self.folder / "odd.csv"
        golden.write_text("question,reference,contexts\n"
                          f'{self.rows[0]["question"]},R,"It stands nowhere at all."\n' + "Q?,R,\nQ?,R,\n")
        ended = self.sweep("odd", golden, "--check")
        self.assert_ok(ended)
        self.assertIn("row 3 (line 4): says the same as row 2", ended.text)
        self.assert_ok(self.sweep("odd", golden))
        manifest = harness.manifest(self.folder / "odd")
        self.assertIn("row 3 (line 4)", manifest["warnings"][0])
        self.assertRegex(manifest["gold"]["lost"][0], r'question ".+" \(line 2\), column "contexts": passage 1')
        self.assertIn("passage 1 stands in no document", manifest["gold"]["lost"][0])
        self.assertIn("stands in no document", (self.folder / "odd/results/sweep.log").read_text())


harness.main()
