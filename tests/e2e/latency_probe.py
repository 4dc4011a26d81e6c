"""objective.latency_probe: the best trials asked again, one request at a time, by an endpoint of our own that embeds, reranks and
answers, each after a delay of its own, and knows how many requests are open.
"""
import json
import re
import threading

import harness
import local_server
from endpoint_embedders import vector
from rerank import relevance

DELAYS = {"embeddings": 0.01, "rerank": 0.02, "chat": 0.03}
QUESTIONS = 2


class Endpoint(local_server.Server):
    """Serves all three. `asked` has (kind, body, open with it) of each request in the order in which they came."""

    def __init__(self):
        outer = self
        self.asked, self.open, self.lock = [], 0, threading.Lock()
        self.breaks = lambda kind, number: False

        class Handler(local_server.Handler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kind, request = self.path.split("/")[2], json.loads(body)
                with outer.lock:
                    outer.open += 1
                    outer.asked.append((kind, body, outer.open))
                    number = len(outer.asked)
                harness.time.sleep(DELAYS[kind])
                with outer.lock:
                    outer.open -= 1  # before the reply, which lets the client go on
                if outer.breaks(kind, number):
                    return self.reply(401, {"error": {"message": "the key has ended"}})
                self.reply(200, outer.reply_to(kind, request))

            def do_GET(self):
                self.reply(200, {"data": [{"id": "tiny"}]})

        super().__init__(Handler)

    @staticmethod
    def reply_to(kind, request):
        if kind == "embeddings":
            return {"data": [{"index": i, "embedding": vector("tiny", text, 16)} for i, text in enumerate(request["input"])],
                    "usage": {"prompt_tokens": 7, "total_tokens": 7}}
        if kind == "rerank":
            scores = [relevance(request["query"], passage) for passage in request["documents"]]
            return {"results": [{"index": i, "relevance_score": score} for i, score in enumerate(scores)],
                    "usage": {"total_tokens": 11}}
        return {"choices": [{"message": {"role": "assistant", "content": "It is so."}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 5}}


class LatencyProbe(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=6, questions=4)

    def config(self, name, url, top_k="[1, 2, 3, 4, 5, 6, 7]", **models):
        """Two methods; `models`: what of embedder, reranker and llm an endpoint does."""
        more = "".join(f'[models.{model}]\nkind = "openai"\nbase_url = "{url}"\nmodel = "tiny"\nlimits = {{ in_flight = 8 }}\n'
                       f'price = {{ input = 1.0, output = 2.0 }}\n' + ("dimensions = 16\n" if part == "embedder" else "")
                       for part, model in models.items())
        path = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=1, more=more + "[index]\nshards = 1\n",
                                    embedders=json.dumps([models.get("embedder", "small")]),
                                    methods='{ name = "sentence_window", window = 1 }, { name = "overlap", size = 64, overlap = 16 }')
        text = path.read_text().replace('llm = "quote"', f'llm = "{models.get("llm", "quote")}"')
        text = re.sub(r"top_k = .*", f"top_k = {top_k}", text)
        if "reranker" in models:
            text = text.replace("top_k = ", f'reranker = "{models["reranker"]}"\ntop_k = ', 1)
        path.write_text(text)
        return path

    def measured(self, name):
        return harness.manifest(self.folder / name)["measured"]

    def sent(self, name):
        return sum(rank["calls"] for rank in harness.manifest(self.folder / name)["ranks"])

    def page(self, name):
        page = (self.folder / name / "results/report.html").read_text()
        return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S).group(1))

    def test_the_best_trials_are_asked_one_request_at_a_time_and_once(self):
        endpoint = Endpoint()
        config = self.config("probed", endpoint.url, llm="asked")
        self.assert_ok(harness.sweep(0, config))
        without, plain = len(endpoint.asked), harness.tables(self.folder / "probed")
        self.assertIsNone(self.measured("probed")["latency_probe"])
        self.assertIsNone(self.page("probed")["measured"]["latency_probe"])
        self.assertGreater(max(opened for _, _, opened in endpoint.asked), 1, "the sweep itself asks several at a time")
        key = ("--set", f"objective.latency_probe={QUESTIONS}")
        planned = harness.sweep(0, config, "--plan", *key)
        self.assertIn(f"at most {12 * QUESTIONS} calls", planned.text)
        self.assertIn("latency probe", harness.sweep(0, config, "--until", "select", *key).text)
        self.assertEqual(len(endpoint.asked), without)

        self.assert_ok(harness.sweep(3, config, *key))
        probe = endpoint.asked[without:]
        self.assertEqual(len(probe), 12 * QUESTIONS, "of 14 trials")
        self.assertEqual({opened for _, _, opened in probe}, {1})
        self.assertLessEqual({body for _, body, _ in probe}, {body for _, body, _ in endpoint.asked[:without]}, "other requests")
        self.assert_same_tables(plain, harness.tables(self.folder / "probed"), "with a probe")
        rows = self.measured("probed")["latency_probe"]
        self.assertEqual(self.page("probed")["measured"]["latency_probe"], rows)
        self.assertEqual([row["questions"] for row in rows], 12 * [QUESTIONS])
        for row in rows:
            self.assertGreaterEqual(row["p50"], DELAYS["chat"])
            self.assertGreaterEqual(row["p95"], row["p50"])
            self.assertLess(row["p50"], DELAYS["chat"] + 2, "a bound on hangs")
        usage = {row["purpose"]: row for row in harness.manifest(self.folder / "probed")["calls"]}
        self.assertEqual(usage["latency"]["sent"], 12 * QUESTIONS)
        self.assertAlmostEqual(usage["latency"]["cost_usd"], 12 * QUESTIONS * 110e-6)

        self.assert_ok(harness.sweep(2, config, *key))
        self.assertEqual(self.sent("probed"), 0)
        self.assertEqual(self.measured("probed")["latency_probe"], rows)
        self.assertEqual(len(endpoint.asked), without + 12 * QUESTIONS)
        endpoint.close()

    def test_embedding_reranking_and_answer_add_up(self):
        endpoint = Endpoint()
        config = self.config("all", endpoint.url, top_k="[2]", embedder="vectors", reranker="order", llm="asked")
        self.assert_ok(harness.sweep(2, config, "--set", f"objective.latency_probe={QUESTIONS}"))
        probe = endpoint.asked[-2 * QUESTIONS * 3:]
        self.assertEqual([kind for kind, _, _ in probe], 2 * QUESTIONS * ["embeddings", "rerank", "chat"])
        self.assertEqual({opened for _, _, opened in probe}, {1})
        asked = [(kind, json.loads(body)) for kind, body, _ in endpoint.asked[:-len(probe)]]
        pairs = {(request["query"], passage) for kind, request in asked if kind == "rerank" for passage in request["documents"]}
        texts = {text for kind, request in asked if kind == "embeddings" for text in request["input"]}
        for kind, body, _ in probe:
            request = json.loads(body)
            if kind == "embeddings":
                self.assertEqual(len(request["input"]), 1)
                self.assertLessEqual(set(request["input"]), texts)
            elif kind == "rerank":  # the sweep asked for the pairs of both methods together
                self.assertLessEqual({(request["query"], passage) for passage in request["documents"]}, pairs)
            else:
                self.assertIn((kind, request), asked)
        for row in self.measured("all")["latency_probe"]:
            self.assertGreaterEqual(row["p50"], sum(DELAYS.values()))
        endpoint.close()

    def test_a_request_that_fails_costs_the_latency_and_not_the_sweep(self):
        endpoint = Endpoint()
        config = self.config("failing", endpoint.url, top_k="[2]", llm="asked")
        self.assert_ok(harness.sweep(0, config))
        plain, asked = harness.tables(self.folder / "failing"), len(endpoint.asked)
        endpoint.breaks = lambda kind, number: number == asked + 2
        ended = harness.sweep(2, config, "--set", f"objective.latency_probe={QUESTIONS}")
        self.assert_ok(ended)
        log = (self.folder / "failing/results/sweep.log").read_text()
        self.assertRegex(log, r"objective\.latency_probe: trial \d+ has no latency: .*401")
        self.assert_same_tables(plain, harness.tables(self.folder / "failing"), "a probe that fails")
        first, second = self.measured("failing")["latency_probe"]
        self.assertIsNone(first["p50"])
        self.assertIn("401", first["failure"])
        self.assertGreaterEqual(second["p50"], DELAYS["chat"])
        self.assertEqual(len(endpoint.asked), asked + 2 + QUESTIONS)
        self.assert_ok(harness.sweep(0, config, "--set", f"objective.latency_probe={QUESTIONS}"))
        self.assertEqual(len(endpoint.asked), asked + 2 + 2 * QUESTIONS, "the next run asks for what is missing")
        self.assert_ok(harness.sweep(0, config, "--set", f"objective.latency_probe={QUESTIONS + 1}", "--set",
                                     "objective.budget.tokens=1"))
        self.assertEqual(len(endpoint.asked), asked + 2 + 2 * QUESTIONS, "the budget is for the probe, too")
        self.assertIn("no room", self.measured("failing")["latency_probe"][0]["failure"])
        endpoint.close()


if __name__ == "__main__":
    harness.main()
