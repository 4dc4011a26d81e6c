"""Whole articles with a real model: the same bytes whatever the ranks, also where floating point decides."""
import csv

import harness


class RealDocuments(harness.Case):

    def test_a_transformer_gives_equal_bytes_for_1_and_3_ranks(self):
        """Invariant 1, with MiniLM."""
        squad, model = harness.data_folder() / "squad", harness.minilm()
        corpus = self.folder / "corpus"
        corpus.mkdir()
        names = ["Super_Bowl_50.md", "Pharmacy.txt", "Normans.txt"]
        for name in names:
            (corpus / name).write_bytes((squad / "docs" / name).read_bytes())
        golden = self.folder / "golden.csv"
        with (squad / "questions.csv").open(newline="") as file, golden.open("w", newline="") as out:
            rows = csv.DictReader(file)
            writer = csv.DictWriter(out, rows.fieldnames)
            writer.writeheader()
            writer.writerows(row for row in rows if row["source"] in names)
        more = f'[models.minilm]\nkind = "transformer"\npath = "{model}"\n'
        for name, ranks in (("alone", 0), ("three", 3)):
            config = harness.write_config(self.folder / name, corpus, golden, methods='{ name = "paragraph" }',
                                          embedders='["minilm"]', more=more)
            self.assert_ok(harness.sweep(ranks, config, timeout=280))
        alone, three = self.folder / "alone", self.folder / "three"
        self.assert_same_tables(harness.tables(alone), harness.tables(three), "1 and 3 ranks")
        self.assertEqual(harness.part_digests(alone), harness.part_digests(three))
        best = harness.rows(alone, "results.csv")[1]
        print({name: value for name, value in best.items() if "ndcg" in name or "hit" in name})
        self.assertGreater(float(next(value for name, value in best.items() if name.startswith("hit_rate"))), 0.7)


harness.main()
