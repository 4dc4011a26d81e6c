"""The same bytes for any number of ranks, whoever coordinates; and nothing is made twice."""
import re

import harness

# ranks, sweep.coordinator; 0 is the program without a launcher. 16 ranks have fewer buckets than ranks.
RUNS = [(1, "auto"), (2, "dedicated"), (3, "working"), (3, "dedicated"), (5, "auto"), (16, "auto")]
# 3 methods x 2 embedders x 2 top_k, one llm
DISTINCT = {"read": 1, "gold": 1, "chunk": 3, "embed": 6, "query": 2, "index": 6, "search": 6, "select": 12, "score": 12}


class EqualRanks(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=30)

    def config(self, name, coordinator="auto"):
        return harness.write_config(self.folder / name, self.corpus, self.golden, coordinator=coordinator, buckets=16)

    def test_tables_and_parts_are_equal_for_1_2_3_5_16_ranks(self):
        """Invariant 1: the same bytes for any number of ranks."""
        reference = self.folder / "alone"
        self.assert_ok(harness.sweep(0, self.config("alone")))
        tables, parts = harness.tables(reference), harness.part_digests(reference)
        self.assertEqual(len(harness.rows(reference, "results.csv")), 12)
        self.assertEqual(len(harness.rows(reference, "questions.csv")), 12 * 12)
        for ranks, coordinator in RUNS:
            with self.subTest(ranks=ranks, coordinator=coordinator):
                name = f"{ranks}_{coordinator}"
                self.assert_ok(harness.sweep(ranks, self.config(name, coordinator)))
                self.assert_same_tables(tables, harness.tables(self.folder / name), f"{ranks} ranks, {coordinator}")
                self.assertEqual(parts, harness.part_digests(self.folder / name))

    def test_distinct_nodes_are_as_planned_and_a_second_run_makes_nothing(self):
        """Invariant 3: no part is made twice in a sweep, and none that the state folder holds."""
        folder, config = self.folder / "twice", self.config("twice")
        plan = harness.sweep(0, config, "--plan")
        self.assert_ok(plan)
        planned = {stage: (int(nodes), int(parts))
                   for stage, nodes, parts in re.findall(r"^(\w+) +(\d+) +(\d+)$", plan.text, re.M)}
        self.assertEqual({stage: nodes for stage, (nodes, _) in planned.items()}, DISTINCT)
        self.assertFalse((folder / "state").exists(), "--plan starts nothing")

        self.assert_ok(harness.sweep(3, config))
        stages = harness.manifest(folder)["stages"]
        for stage, (nodes, parts) in planned.items():
            self.assertEqual(stages[stage], {"distinct_nodes": nodes, "parts": parts, "parts_made_now": parts}, stage)
        self.assertEqual(harness.sealed(folder), sum(parts for _, parts in planned.values()))

        tables, stamps = harness.tables(folder), harness.part_stamps(folder)
        self.assert_ok(harness.sweep(2, config))
        self.assertEqual(harness.made_now(folder), dict.fromkeys(harness.STAGES, 0))
        self.assertEqual(stamps, harness.part_stamps(folder), "a sealed part was written again")
        self.assert_same_tables(tables, harness.tables(folder), "second run")

    def test_one_new_document_touches_one_bucket(self):
        """Invariant 3: what the state folder holds is reused when a document joins."""
        folder, config = self.folder / "grown", self.config("grown")
        self.assert_ok(harness.sweep(2, config))
        (self.corpus / "late.txt").write_text("A document that came late. It changes one bucket only.\n")
        self.assert_ok(harness.sweep(3, config))
        made = harness.made_now(folder)
        self.assertEqual({stage: made[stage] for stage in ("read", "gold", "chunk", "embed", "query")},
                         {"read": 1, "gold": 1, "chunk": 3, "embed": 6, "query": 0})
        self.assertEqual(made["index"], 6, "one shard for each of 6 index nodes")


harness.main()
