"""Rerankers: a cross-encoder with random weights in the program, and an endpoint of our own, which knows where the answer
stands, counts the pairs that it is asked for, and can be told to misbehave.
"""
import collections
import json
import random
import re
import shutil
import struct
import threading

import harness
import local_server

METHODS = """
  { name = "overlap", size = 64, overlap = 16 },
  { name = "sentence_window", window = 1 },
  { name = "hierarchical", sizes = [128, 64, 32] },
"""
ONE_METHOD = '{ name = "sentence_window", window = 1 }'


def make_cross_encoder(folder):
    """The shapes and letters of a committed case, with seeded weights."""
    case = harness.SOURCE / "tests/data/encoders/cross_sentences"
    folder.mkdir()
    for name in ("config.json", "vocab.txt"):
        shutil.copy(case / name, folder)
    rng, header, data = random.Random(5), {}, b""
    for name, shape in json.loads((case / "tensors.json").read_text()).items():
        size, center = 1, float(name.endswith("LayerNorm.weight"))
        for extent in shape:
            size *= extent
        begin = len(data)
        data += struct.pack(f"<{size}f", *(center + rng.uniform(-0.3, 0.3) for _ in range(size)))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(data)]}
    head = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + data)
    return folder


def relevance(query, passage):
    """1 for the passage that answers, else a number below that both texts decide."""
    place = re.search(r"town of (\w+)", query)
    if place and f"largest town of {place.group(1)} is" in passage:
        return 1.0
    return random.Random(query + passage).randrange(1000) / 2000


class Endpoint(local_server.Server):
    """POST /rerank in the shape of Jina and Cohere, or of TEI. `misbehave(number, query, passages)`, where given, may return
    (status, content)."""

    def __init__(self, misbehave=None, tei=False):
        outer = self
        self.asked = collections.Counter()  # (query, passage) -> times answered
        self.requests = 0
        self.largest = 0
        self.lock = threading.Lock()

        class Handler(local_server.Handler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                passages = request.get("texts" if tei else "documents")
                if self.path != "/v1/rerank" or passages is None:
                    return self.reply(422, {"error": {"message": "documents are missing"}})
                if not tei and (request["model"] != "planted" or request["top_n"] != len(passages) or request["return_documents"]):
                    return self.reply(404, {"error": {"message": "no such model"}})
                with outer.lock:
                    number = outer.requests
                    outer.requests += 1
                    outer.largest = max(outer.largest, len(passages))
                instead = misbehave(number, request["query"], passages) if misbehave else None
                if instead:
                    return self.reply(*instead)
                with outer.lock:
                    outer.asked.update((request["query"], passage) for passage in passages)
                scores = [relevance(request["query"], passage) for passage in passages]
                order = sorted(range(len(scores)), key=lambda i: -scores[i])
                if tei:
                    return self.reply(200, [{"index": i, "score": scores[i]} for i in order])
                self.reply(200, {"results": [{"index": i, "relevance_score": scores[i]} for i in order],
                                 "usage": {"total_tokens": sum(len(p) for p in passages) // 4}})

            def do_GET(self):
                self.reply(404 if tei else 200, {"data": [{"id": "planted"}]})

        super().__init__(Handler)


class Reranking(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=12, questions=8)
        self.cross = make_cross_encoder(self.folder / "cross_encoder")

    def sweep_with(self, name, url, rerankers, ranks, *arguments, methods=METHODS, more="", rerank_from=10):
        models = (f'[models.local_ce]\nkind = "cross_encoder"\npath = "{self.cross}"\nprecision = "fp32"\n'
                  f'[models.jina]\nkind = "openai"\nbase_url = "{url}"\nmodel = "planted"\nbatch.texts = 16\n'
                  f'price = {{ input = 2.0 }}\n{more}\n')
        config = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=8, methods=methods,
                                      embedders='["small"]', more=models)
        config.write_text(config.read_text().replace(
            "top_k =", f"reranker = {json.dumps(rerankers)}\nrerank_from = {rerank_from}\ntop_k ="))
        return harness.sweep(ranks, config, *arguments)

    def rows(self, name, reranker):
        return [row for row in harness.rows(self.folder / name, "results.csv") if row["reranker"] == reranker]

    def test_equal_bytes_on_any_number_of_ranks_and_no_pair_twice(self):
        first, asked = None, None
        for ranks in (1, 3):
            name, endpoint = f"ranks{ranks}", Endpoint()
            self.assert_ok(self.sweep_with(name, endpoint.url, ["none", "local_ce", "jina"], ranks))
            self.assertEqual(set(endpoint.asked.values()), {1}, "a pair was asked for twice")
            self.assertEqual(endpoint.largest, 16)
            found = harness.manifest(self.folder / name)
            usage = {(row["purpose"], row["model"]): row for row in found["calls"]}
            self.assertEqual(usage["rerank", "jina"]["sent"], endpoint.requests)
            scored = [rank["pairs_scored"] for rank in found["ranks"]]
            self.assertTrue(all(scored), f"a rank scored nothing: {scored}")
            self.assertEqual(found["precision"], {"local_ce": "fp32"})
            first, asked = first or harness.tables(self.folder / name), asked or set(endpoint.asked)
            self.assertEqual(asked, set(endpoint.asked))
            self.assert_same_tables(first, harness.tables(self.folder / name), f"{ranks} ranks")
            requests = endpoint.requests
            self.assert_ok(self.sweep_with(name, endpoint.url, ["none", "local_ce", "jina"], 2))
            self.assertEqual(endpoint.requests, requests, "a second run asked again")
            self.assertFalse(any(harness.made_now(self.folder / name).values()))
            # What was paid for is in the call store: lost parts are put together again without a call.
            shutil.rmtree(self.folder / name / "state" / "parts")
            self.assert_ok(self.sweep_with(name, endpoint.url, ["none", "local_ce", "jina"], 2))
            self.assertEqual(endpoint.requests, requests, "a lost part was paid for again")
            self.assert_same_tables(first, harness.tables(self.folder / name), "made again")
            endpoint.close()
        self.check_what_reranking_did("ranks3")

    def check_what_reranking_did(self, name):
        """The endpoint knows the passage that answers: where a search finds it at all, it stands first. A trial without a
        reranker is what it is without any."""
        for plain, planted in zip(self.rows(name, "none"), self.rows(name, "jina")):
            self.assertGreaterEqual(float(planted["mrr"]), float(plain["mrr"]), planted)
            self.assertGreater(float(planted["question_usd"]), 0)
            self.assertEqual(float(plain["question_usd"]), 0)
        self.assertGreater(sum(float(row["mrr"]) for row in self.rows(name, "jina")),
                           sum(float(row["mrr"]) for row in self.rows(name, "none")))
        chunks = {row["chunk"]: row["text"] for row in harness.rows(self.folder / name, "chunks.csv")}
        checked = 0
        for row in harness.rows(self.folder / name, "questions.csv"):
            if row["reranker"] != "jina" or row["method"] == "hierarchical":  # merging orders anew
                continue
            scores = [relevance(row["question"], chunks[chunk]) for chunk in row["chunks"].split()]
            self.assertEqual(scores, sorted(scores, reverse=True))
            checked += len(scores)
        self.assertGreater(checked, 50)
        self.assert_ok(self.sweep_with("plain", "http://127.0.0.1:9/v1", ["none"], 2))
        others = lambda row: {key: value for key, value in row.items() if key != "trial"}
        self.assertEqual([others(row) for row in self.rows("plain", "none")], [others(row) for row in self.rows(name, "none")])
        best = (self.folder / name / "results" / "best.toml").read_text()
        self.assertRegex(best, r'reranker = \["(none|local_ce|jina)"\]')

    def test_the_forecast_after_the_search_is_the_fact(self):
        endpoint = Endpoint()
        ended = self.sweep_with("forecast", endpoint.url, ["jina"], 3, "--until", "search")
        self.assert_ok(ended)
        self.assertEqual(endpoint.requests, 0)
        calls, tokens = map(int, re.search(r"(\d+) calls are left, 0 replies.*?about (\d+) tokens", ended.text, re.S).groups())
        ended = self.sweep_with("forecast", endpoint.url, ["jina"], 2, "--plan")
        self.assertRegex(ended.text, r"reranking: at most 240 pairs of question and chunk, in about 24 calls")
        self.assert_ok(self.sweep_with("forecast", endpoint.url, ["jina"], 2, "--until", "rerank"))
        self.assertEqual(endpoint.requests, calls)
        self.assertGreater(sum(len(passage) for _, passage in endpoint.asked) / 4, 0.5 * tokens)
        ended = self.sweep_with("forecast", endpoint.url, ["jina"], 1, "--until", "search")
        self.assertIn("none of the calls that are counted here are left", ended.text)
        endpoint.close()

    def test_one_request_in_five_fails_and_no_score_changes(self):
        kinds = [(429, {"error": {"message": "slow down"}}), (503, {"error": {"message": "busy"}}),
                 (200, {"results": []}), (200, b'{"results": [{"index": 0'),
                 (200, {"results": [{"index": 0, "relevance_score": 0.5}] * 3})]
        faulty = Endpoint(lambda number, *_: kinds[number // 5 % len(kinds)] if number % 5 == 1 else None)
        clean = Endpoint(tei=True)
        self.assert_ok(self.sweep_with("clean", clean.url, ["jina"], 1, methods=ONE_METHOD, more='rerank_as = "tei"'))
        self.assert_ok(self.sweep_with("faulty", faulty.url, ["jina"], 3, methods=ONE_METHOD, more="attempts = 8"))
        self.assertEqual(set(clean.asked), set(faulty.asked))
        self.assertEqual(set(faulty.asked.values()), {1})
        self.assertGreater(faulty.requests, clean.requests)
        self.assert_same_tables(harness.tables(self.folder / "clean"), harness.tables(self.folder / "faulty"), "20 % faults")
        clean.close()
        faulty.close()

    def test_a_passage_that_the_endpoint_refuses_comes_last(self):
        refused = lambda query, passage: relevance(query, passage) == 1  # the one that would be first

        def misbehave(_, query, passages):
            if any(refused(query, passage) for passage in passages):
                return 400, {"error": {"message": "this document is too long for the model"}}
        endpoint = Endpoint(misbehave)
        requests = 0
        for _ in range(2):
            self.assert_ok(self.sweep_with("job", endpoint.url, ["jina"], 2, methods=ONE_METHOD))
            requests = requests or endpoint.requests
        self.assertEqual(endpoint.requests, requests, "a refusal was asked for again")
        self.assertGreater(requests, 8)
        self.assertIn("too_long", (self.folder / "job" / "results" / "sweep.log").read_text())
        chunks = {row["chunk"]: row["text"] for row in harness.rows(self.folder / "job", "chunks.csv")}
        for row in harness.rows(self.folder / "job", "questions.csv"):
            self.assertFalse(any(refused(row["question"], chunks[chunk]) for chunk in row["chunks"].split()))
        endpoint.close()

    def test_replies_that_leave_passages_out_end_the_sweep(self):
        endpoint = Endpoint(lambda number, *_: (200, {"results": []}) if number else None)
        ended = self.sweep_with("job", endpoint.url, ["jina"], 3, methods=ONE_METHOD, more="attempts = 1")
        self.assert_refused(ended, harness.ENDPOINT, "schema: no scores for", "the same command continues")
        endpoint.close()

    def test_a_rank_that_fails_ends_all_and_the_next_run_goes_on(self):
        endpoint = Endpoint()
        rerankers = ["local_ce", "jina"]
        ended = self.sweep_with("job", endpoint.url, rerankers, 3, "--test-fault", "rerank:1:throw", methods=ONE_METHOD)
        self.assert_refused(ended, harness.BUG, "a fault that a test asked for")
        self.assert_ok(self.sweep_with("job", endpoint.url, rerankers, 3, methods=ONE_METHOD))
        self.assertEqual(harness.made_now(self.folder / "job")["search"], 0)
        self.assertEqual(set(endpoint.asked.values()), {1})
        endpoint.close()

    def test_mistakes_are_met_before_any_work(self):
        embedder = harness.SOURCE / "tests/data/encoders/bert"
        headless = self.folder / "headless"
        headless.mkdir()
        config = json.loads((embedder / "config.json").read_text())
        (headless / "config.json").write_text(json.dumps({**config, "architectures": ["BertModel"]}))
        shutil.copy(embedder / "vocab.txt", headless)
        url = "http://127.0.0.1:9/v1"
        for rerankers, overrides, code, words in (
                (["small"], [], harness.CONFIG, ["space.reranker[0]", '"small"', 'kind "hash"', "not a reranker", "local_ce"]),
                (["local_ce"], ["space.rerank_from=3"], harness.CONFIG, ["space.rerank_from is 3", "reaches 4", "rerank_from = 4"]),
                (["local_ce"], [f"models.local_ce.path='{headless}'"], harness.INPUT,
                 [str(headless), "architectures", "BertModel", "no head that scores pairs"]),
                (["jina"], ["models.jina.rerank_as='cohere'"], harness.CONFIG, ["models.jina.rerank_as", "cohere", "tei"]),
                (["jina"], ["models.jina.attempts=1"], harness.ENDPOINT, [url, "models.jina.base_url"])):
            with self.subTest(words=words):
                sets = [word for override in overrides for word in ("--set", override)]
                ended = self.sweep_with("bad", url, rerankers, 2, *sets, methods=ONE_METHOD)
                self.assert_refused(ended, code, *words)
                self.assertFalse((self.folder / "bad" / "state" / "parts").exists(), "it worked before it looked")
        refusing = Endpoint(lambda *_: (400, {"error": {"message": "top_n is not supported"}}))
        ended = self.sweep_with("refusing", refusing.url, ["jina"], 2, methods=ONE_METHOD)
        self.assert_refused(ended, harness.ENDPOINT, "top_n is not supported")
        self.assertEqual(refusing.requests, 1)
        refusing.close()


if __name__ == "__main__":
    harness.main()
