"""dream_golden with a scripted model: the same bytes for any number of ranks and after a kill, nothing asked twice, filters that
find planted faults, bounds that hold, and a review that the next sweep honours.
"""
import csv
import json
import threading
import zlib

import author
import harness

TABLES = ("testset.csv", "testset_dropped.csv")


def wrong(step, said, reply):
    """Plants a fault in most drafts, which one by the passage."""
    if step in ("critique", "blind", "compare"):
        return reply
    asked, answered = reply["question"], not reply["answer"].startswith("The documents")
    lead = asked.split('"')[1] if '"' in asked else ""
    # A question without an answer gets one, and the other way round.
    turned = asked.replace(lead, "zz" + lead) if answered else asked.replace(lead, lead.rsplit(" ", 1)[0])
    kind = zlib.crc32(said["passages"][0].encode()) % 12
    faults = {
        0: {"question": "According to the passage, " + asked},
        1: {"question": asked + " Is it " + reply["answer"]},
        2: {"question": asked + " In this quarter?"},
        3: {"answer": "Something else altogether."},
        4: {"question": turned},
        5: {"question": '=HYPERLINK("x")'},
        6: {"question": "", "answer": ""},
        8: {"question": "Is there a duplicate?", "answer": "so."},
    }
    if len(said["passages"]) == 2 and kind == 9 and lead:  # of the second passage alone
        return {"question": "What follows" + asked.split("what follows")[1], "answer": reply["answer"].split("; ")[1]}
    if kind in (1, 3) and not answered:
        return reply  # it has no answer that it could give away, or that could be another
    if kind == 7:
        return "I cannot think of anything."
    return {**reply, **faults.get(kind, {})}


class GoldenDatasets(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, _ = harness.make_corpus(self.folder, documents=7, questions=1, sentences=60)

    def config(self, name, endpoint, keys="", size=20):
        folder = self.folder / name
        more = (f'[models.author]\nkind = "openai"\nbase_url = "{endpoint.url}"\nmodel = "author-1"\n'
                f'price = {{ input = 1.0, output = 2.0 }}\n'
                f'[testset]\nllm = "author"\nsize = {size}\npassage_tokens = 75\njson_schema = false\n{keys}\n')
        return harness.write_config(folder, self.corpus, folder / "golden.csv", buckets=8, more=more,
                                    methods='{ name = "sentence_window", window = 1 }')

    def generate(self, name, endpoint, ranks, *arguments, **how):
        return harness.sweep(ranks, self.config(name, endpoint, **how), *arguments, program="dream_golden")

    def outputs(self, name):
        files = {file: self.folder / name / file for file in ("golden.csv", "golden.review.csv")}
        files |= {file: self.folder / name / "results" / file for file in TABLES}
        return {file: path.read_bytes() for file, path in files.items()}

    def rows(self, name, file="golden.csv"):
        with (self.folder / name / file).open(newline="") as stream:
            return list(csv.DictReader(stream))

    def reasons(self, name):
        return {row["name"]: int(row["dropped"]) for row in self.rows(name, "results/testset.csv") if row["table"] == "reason"}

    def calls(self, name):
        return sum(int(row["sent"]) for row in self.rows(name, "results/testset_calls.csv"))

    def test_any_number_of_ranks_makes_the_same_dataset_and_a_second_run_asks_nothing(self):
        first, bodies = None, None
        for ranks, coordinator in ((1, "auto"), (3, "auto"), (3, "dedicated")):
            endpoint, name = author.Author(), f"{coordinator}{ranks}"
            self.assert_ok(self.generate(name, endpoint, ranks, "--set", f"sweep.coordinator={coordinator}"))
            self.assertEqual(set(endpoint.asked.values()), {1}, "a request was sent twice")
            self.assertEqual(self.calls(name), endpoint.requests)
            first, bodies = first or self.outputs(name), bodies or set(endpoint.asked)
            self.assertEqual(bodies, set(endpoint.asked))
            self.assert_same_tables(first, self.outputs(name), f"{ranks} ranks, {coordinator}")
            before = endpoint.requests
            self.assert_ok(self.generate(name, endpoint, 2))
            self.assertEqual((endpoint.requests, self.calls(name)), (before, 0), "a second run asked again")
            self.assert_same_tables(first, self.outputs(name), "the second run")
            endpoint.close()
        rows = self.rows("auto1")
        self.assertGreaterEqual(len(rows), 18)
        self.check_rows(rows)
        by_document = [int(r["got"]) for r in self.rows("auto1", "results/testset.csv") if r["table"] == "document"]
        self.assertEqual(len(by_document), 7)
        self.assertLessEqual(max(by_document) - min(by_document), 2)
        endpoint = author.Author()
        self.assert_ok(self.generate("seed", endpoint, 1, "--set", "sweep.seed=18"))
        self.assertNotEqual(first["golden.csv"], self.outputs("seed")["golden.csv"])
        endpoint.close()

    def check_rows(self, rows):
        self.assertEqual(set(row["kind"] for row in rows), {"simple", "reasoning", "multi_context", "conditional", "unanswerable"})
        texts = {path.name: path.read_text() for path in self.corpus.iterdir()}
        for row in rows:
            contexts, sources = json.loads(row["reference_contexts"]), json.loads(row["sources"])
            self.assertEqual(len(contexts), {"unanswerable": 0, "multi_context": 2}.get(row["kind"], 1), row)
            self.assertEqual(bool(sources), bool(contexts))
            for context in contexts:  # verbatim, in one of the sources
                self.assertTrue(any(context in texts[name] for name in sources), row)
            self.assertEqual(row["model"], "author-1")
        self.assertEqual(len({row["id"] for row in rows}), len(rows))

    def test_a_kill_in_the_middle_changes_nothing(self):
        endpoint = author.Author()
        self.assert_ok(self.generate("whole", endpoint, 2))
        whole, all_requests = self.outputs("whole"), endpoint.requests
        endpoint.close()
        reached = threading.Event()
        endpoint = author.Author(stop_at=all_requests // 2, stop=reached.set)
        job = harness.Job(3, self.config("killed", endpoint), program="dream_golden")
        self.assertTrue(reached.wait(harness.HANG))
        job.kill_all()
        self.assertFalse((self.folder / "killed" / "golden.csv").exists())
        self.assert_ok(self.generate("killed", endpoint, 2))
        self.assert_same_tables(whole, self.outputs("killed"), "after a kill")
        twice = sum(1 for times in endpoint.asked.values() if times > 1)
        print(f"{all_requests} requests; killed at {all_requests // 2}; {twice} were in flight and asked again")
        self.assertLess(self.calls("killed"), all_requests)
        self.assertEqual(len(endpoint.asked), all_requests)
        endpoint.close()

    def test_a_signal_ends_it_in_good_order(self):
        jobs = []
        endpoint = author.Author(stop_at=12, stop=lambda: jobs[0].process.terminate())
        jobs.append(harness.Job(0, self.config("stopped", endpoint), program="dream_golden"))
        self.assert_refused(jobs[0].wait(), harness.RESUMABLE)
        self.assertFalse((self.folder / "stopped" / "golden.csv").exists())
        self.assert_ok(self.generate("stopped", endpoint, 1))
        whole = author.Author()
        self.assert_ok(self.generate("unstopped", whole, 1))
        self.assert_same_tables(self.outputs("unstopped"), self.outputs("stopped"), "after a signal")
        endpoint.close()
        whole.close()

    def test_each_filter_drops_its_planted_fault_and_keeps_the_good(self):
        endpoint = author.Author(wrong)
        self.assert_ok(self.generate("planted", endpoint, 2, size=60, keys="tries = 4"))
        reasons = self.reasons("planted")
        print(reasons)
        self.assertLessEqual({"bad_form", "not_self_contained", "gives_answer_away", "declined", "unparsable", "other_answer",
                              "not_answerable", "answerable", "one_passage_suffices", "duplicate"}, set(reasons))
        rows = self.rows("planted")
        self.check_rows(rows)
        kept = [row["user_input"] for row in rows]
        self.assertEqual(sum("duplicate" in question for question in kept), 1)
        for mark in ("passage", "this quarter", "Is it", "HYPERLINK", "zz"):
            self.assertFalse([question for question in kept if mark in question], mark)
        self.assertNotIn("Something else altogether.", {row["reference"] for row in rows})
        # What was dropped was spoiled: a question as it should be is not among it.
        good = [row for row in self.rows("planted", "results/testset_dropped.csv")
                if row["reason"] in ("not_self_contained", "gives_answer_away", "bad_form", "not_answerable")
                and row["question"].startswith("What follows") and not any(
                    mark in row["question"] for mark in ("this quarter", "Is it", '"zz'))]
        self.assertFalse(good)
        endpoint.close()

    def test_what_can_be_answered_is_not_unanswerable(self):
        """Blind checks of these questions find an answer: none may get in."""
        def easy(step, said, reply):
            return {"question": "Is there a duplicate " + hex(zlib.crc32(said["passages"][0].encode())) + "?",
                    "answer": "Nobody says."} if step == "unanswerable" else reply
        endpoint = author.Author(easy)
        ended = self.generate("easy", endpoint, 1, size=4, keys="tries = 2\nkinds = { unanswerable = 1 }")
        self.assert_refused(ended, harness.INPUT, "no question passed the filters")
        self.assertEqual(self.reasons("easy"), {"answerable": 8})
        endpoint.close()

    def test_a_model_that_always_refuses_ends_within_the_stated_calls(self):
        for name, spoiled, most in (("refuses", None, 20 * 3), ("rambles", "Certainly! Here it is.", 20 * 3 * 2)):
            endpoint = author.Author(lambda step, said, reply: spoiled)
            planned = self.generate(name, endpoint, 1, "--plan")
            self.assert_ok(planned)
            self.assertIn("at most 528 calls", planned.text)
            self.assertIn("60 when the model refuses all", planned.text)
            self.assertEqual(endpoint.requests, 0)
            ended = self.generate(name, endpoint, 3)
            self.assert_refused(ended, harness.INPUT, "no question passed the filters")
            self.assertLessEqual(endpoint.requests, most)
            self.assertEqual(sum(self.reasons(name).values()), 60)
            self.assertFalse((self.folder / name / "golden.csv").exists())
            endpoint.close()

    def test_a_budget_is_an_end_that_can_be_raised(self):
        endpoint = author.Author()
        keys = "budget = { tokens = 20_000 }"
        ended = self.generate("budget", endpoint, 2, keys=keys)
        self.assert_refused(ended, harness.BUDGET, "testset.budget")
        self.assertLess(sum(len(body) // 4 + 20 for body in endpoint.asked), 20_000)
        self.assert_ok(self.generate("budget", endpoint, 2))
        self.assertEqual(set(endpoint.asked.values()), {1}, "a call was paid twice")
        endpoint.close()

    def test_the_next_sweep_leaves_out_what_the_review_rejects(self):
        endpoint = author.Author()
        config = self.config("review", endpoint)
        self.assert_ok(harness.sweep(1, config, program="dream_golden"))
        path = self.folder / "review" / "golden.review.csv"
        rows = self.rows("review", path.name)
        rows[2] |= {"decision": "Reject", "comment": "who asks that, \"really\"?"}
        rows[3] |= {"decision": "reject"}
        rows[4] |= {"decision": "accept"}
        with path.open("w", newline="") as stream:
            out = csv.DictWriter(stream, rows[0])
            out.writeheader()
            out.writerows(rows)
        ended = harness.sweep(2, config)
        self.assert_ok(ended)
        self.assertIn("2 golden questions were left out", ended.text)
        manifest = harness.manifest(self.folder / "review")
        self.assertEqual((manifest["golden"]["rejected"], manifest["golden"]["questions"]), (2, len(rows) - 2))
        asked = {row["id"] for row in harness.rows(self.folder / "review", "questions.csv")}
        self.assertEqual(asked, {row["id"] for row in rows} - {rows[2]["id"], rows[3]["id"]})
        # Made again, the decisions stay; an unreviewed sweep has the digest that dream_golden told.
        self.assert_ok(harness.sweep(1, config, program="dream_golden"))
        again = self.rows("review", path.name)
        self.assertEqual([(r["decision"], r["comment"]) for r in again[2:5]],
                         [("reject", 'who asks that, "really"?'), ("reject", ""), ("accept", "")])
        digest = next(r["name"] for r in self.rows("review", "results/testset.csv") if r["table"] == "dataset")
        path.unlink()
        self.assert_ok(harness.sweep(1, config))
        self.assertEqual(harness.manifest(self.folder / "review")["golden"]["digest"], digest)
        # Another dataset in its place does not take the old one away.
        before = (self.folder / "review" / "golden.csv").read_bytes()
        ended = harness.sweep(1, config, "--set", "sweep.seed=18", program="dream_golden")
        self.assert_ok(ended)
        self.assertIn("is kept as", ended.text)
        self.assertEqual((self.folder / "review" / "golden.csv.old").read_bytes(), before)
        endpoint.close()

    def test_mistakes_are_told_before_anything_is_asked(self):
        endpoint = author.Author()
        folder = self.folder / "mistakes"
        config = self.config("mistakes", endpoint)
        refused = lambda code, words, *arguments: self.assert_refused(  # noqa: E731
            harness.sweep(2, config, *arguments, program="dream_golden"), code, *words)
        refused(harness.CONFIG, ["testset.llm", "no model"], "--set", "testset.llm=authr")
        refused(harness.CONFIG, ["testset.llm", "kind \"openai\""], "--set", "testset.llm=quote")
        refused(harness.CONFIG, ["testset.prompts", "testset_simple.toml"], "--set", f'testset.prompts="{folder}"')
        (folder / "golden.csv").write_text("question,reference\nWho?,Nobody.\n")
        refused(harness.CONFIG, ["golden.file", "not written by dream_golden"])
        (folder / "golden.csv").unlink()
        (folder / "golden.review.csv").write_text("id,decision\nq1,maybe\n")
        refused(harness.INPUT, ["golden.review.csv", "maybe"])
        self.assertEqual(endpoint.requests, 0)
        endpoint.close()


harness.main()
