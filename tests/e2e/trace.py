"""sweep.trace: what each rank did when, in a file that a viewer opens, and results that do not know of it."""
import json

import harness
from language_endpoint import KEY, Endpoint

STAGES, WORK, RANKS, CALLS = 1, 2, 3, 4  # threads of the file
TRACED = ("--set", "sweep.trace=true")
MADE_BY_ALL = ["prepare", "read", "gold", "chunk", "embed", "query", "index", "search", "select", "score", "aggregate"]


class Trace:
    def __init__(self, folder):
        self.text = (folder / "results" / "trace.json").read_text()
        whole = json.loads(self.text)
        self.other, self.events = whole["otherData"], whole["traceEvents"]

    def spans(self, rank, thread):
        return [e for e in self.events if e["ph"] == "X" and e["pid"] == rank and e["tid"] == thread]

    def values(self, name):
        return [e["args"]["value"] for e in self.events if e["ph"] == "C" and e["name"] == name]

    def names(self):
        return {e["args"]["name"] for e in self.events if e["ph"] == "M" and e["name"] == "process_name"}


class Tracing(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=16, questions=6)

    def config(self, name, **how):
        how = {"methods": '{ name = "hierarchical", sizes = [128, 64] }', "buckets": 8, **how}
        return harness.write_config(self.folder / name, self.corpus, self.golden, **how)

    def log(self, name):
        return (self.folder / name / "results" / "sweep.log").read_text()

    def assert_nests(self, spans, what):
        """Spans of one thread lie within or beside each other; the viewer drops others."""
        open_until = []
        for span in sorted(spans, key=lambda e: (e["ts"], -e["dur"])):
            begin, end = span["ts"], span["ts"] + span["dur"]
            while open_until and open_until[-1] <= begin + 0.002:
                open_until.pop()
            if open_until:
                self.assertLessEqual(end, open_until[-1] + 0.002, f"{what}: {span}")
            open_until.append(end)

    def test_every_rank_tells_its_stages_and_waits_and_results_stay(self):
        self.assert_ok(harness.sweep(1, self.config("plain")))
        self.assertFalse((self.folder / "plain" / "results" / "trace.json").exists())
        for ranks in (1, 3):
            name = f"ranks{ranks}"
            self.assert_ok(harness.sweep(ranks, self.config(name), *TRACED))
            self.assert_same_tables(harness.tables(self.folder / "plain"), harness.tables(self.folder / name), name)
            self.assertEqual(harness.part_digests(self.folder / "plain"), harness.part_digests(self.folder / name))
            trace = Trace(self.folder / name)
            self.assertEqual({name.split(" on ")[0] for name in trace.names()}, {f"rank {r}" for r in range(ranks)})
            self.assertEqual(trace.other["forgotten"], 0)
            made = []
            for rank in range(ranks):
                stages = trace.spans(rank, STAGES)
                self.assertEqual([s["name"] for s in sorted(stages, key=lambda e: e["ts"])], MADE_BY_ALL)
                for thread in (STAGES, WORK, RANKS, CALLS):
                    self.assert_nests(trace.spans(rank, thread), f"rank {rank}, thread {thread}")
                for work in trace.spans(rank, WORK):
                    inside = any(s["ts"] - 0.002 <= work["ts"] and work["ts"] + work["dur"] <= s["ts"] + s["dur"] + 0.002
                                 for s in stages)
                    self.assertTrue(inside, f"work outside of the stages: {work}")
                made += [w["args"]["number"] for w in trace.spans(rank, WORK) if w["name"] == "documents"]
                # On one rank nobody waits long; beside others, some of the stages' time is waiting.
                waited = sum(s["dur"] for s in trace.spans(rank, RANKS))
                whole = max(s["ts"] + s["dur"] for s in stages) - min(s["ts"] for s in stages)
                self.assertLess(waited, whole)
                if ranks == 1:
                    self.assertLess(waited, 0.2 * whole)
                else:
                    self.assertGreater(waited, 0)
            self.assertEqual(len(made), len(set(made)), "a bucket is read by one rank")
            self.assertEqual(len(made), harness.made_now(self.folder / name)["read"])
            self.assertRegex(self.log(name), r"critical path: [a-z ]+ on rank \d \(\d+\.\d s of \d+\.\d s")

    def test_calls_in_flight_and_the_wait_for_them(self):
        endpoint = Endpoint(delay=0.1)
        model = (f'[models.asked]\nkind = "openai"\nbase_url = "{endpoint.url}"\nmodel = "tiny"\n'
                 'api_key = { env = "E2E_CANARY_KEY" }\nlimits = { in_flight = 4 }\n')
        config = self.config("asked", more=model, embedders='["small"]')
        config.write_text(config.read_text().replace('llm = "quote"', 'llm = "asked"'))
        self.assert_ok(harness.sweep(2, config, *TRACED, env={"E2E_CANARY_KEY": KEY}))
        endpoint.close()
        trace = Trace(self.folder / "asked")
        self.assertNotIn(KEY, trace.text)
        flying = trace.values("calls in flight")
        self.assertGreater(max(flying), 0)
        self.assertLessEqual(max(flying), 2, "a rank's share of in_flight")
        self.assertEqual(flying[-1], 0)
        self.assertGreater(max(trace.values("calls queued")), 0)
        for rank in range(2):
            self.assertGreater(sum(s["dur"] for s in trace.spans(rank, CALLS)), 100_000)
        self.assertRegex(self.log("asked"), r"critical path: .*score on rank \d .*waiting for calls \d")

    def test_a_run_that_stops_leaves_its_trace_and_the_next_one_replaces_it(self):
        config = self.config("stopped")
        ended = harness.sweep(2, config, *TRACED, "--test-fault", "index:1:term")
        self.assert_refused(ended, harness.RESUMABLE, "SIGTERM", "the same command continues")
        names = [s["name"] for s in Trace(self.folder / "stopped").spans(1, STAGES)]
        self.assertIn("embed", names)
        self.assertNotIn("select", names)
        self.assertIn("critical path", self.log("stopped"))
        self.assert_ok(harness.sweep(2, config))
        self.assertFalse((self.folder / "stopped" / "results" / "trace.json").exists(), "of another run")


harness.main()
