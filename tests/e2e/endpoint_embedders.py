"""Embedders behind endpoints: an endpoint of our own makes a vector from a text and nothing else, counts what it is asked,
and can be told to misbehave.
"""
import base64
import collections
import hashlib
import json
import math
import struct
import subprocess
import sys
import threading

import harness
import local_server

METHODS = """
  { name = "overlap", size = 64, overlap = 16 },
  { name = "sentence_window", window = 1 },
  { name = "hierarchical", sizes = [128, 64, 32] },
"""


def vector(model, text, dimension):
    """A bag of hashed words: near texts have near vectors, equal texts equal ones."""
    values = [0.0] * dimension
    for word in text.lower().split():
        digest = hashlib.sha256(f"{model} {word}".encode()).digest()
        values[int.from_bytes(digest[:4], "big") % dimension] += 1.0 if digest[4] % 2 else -1.0
    values[0] += 0.01
    length = math.sqrt(sum(x * x for x in values))
    return [x / length for x in values]


class Endpoint(local_server.Server):
    """Embeddings on a port of its own. `misbehave(number, texts)`, where given, may return (status, body bytes)."""

    def __init__(self, dimensions, misbehave=None):
        outer = self
        self.asked = collections.Counter()  # (model, text) -> times
        self.requests = 0
        self.largest = 0
        self.lock = threading.Lock()

        class Handler(local_server.Handler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if request["model"] not in dimensions:
                    return self.reply(404, b'{"error": {"message": "no such model"}}')
                texts = request.get("input")
                if texts is None:
                    return self.reply(400, b'{"error": {"message": "input is missing"}}')
                with outer.lock:
                    number = outer.requests
                    outer.requests += 1
                    outer.largest = max(outer.largest, len(texts))
                instead = misbehave(number, texts) if misbehave else None
                if instead:
                    return self.reply(*instead)
                with outer.lock:
                    outer.asked.update((request["model"], text) for text in texts)
                size = request.get("dimensions", dimensions[request["model"]])
                data = []
                for i, text in enumerate(texts):
                    values = vector(request["model"], text, size)
                    if request["encoding_format"] == "base64":
                        values = base64.b64encode(struct.pack(f"<{size}f", *values)).decode()
                    data.append({"index": i, "embedding": values})
                data.reverse()  # the index says which is which
                tokens = sum(len(text.split()) for text in texts)
                self.reply(200, json.dumps({"data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}).encode())

            def do_GET(self):
                self.reply(200, json.dumps({"data": [{"id": name} for name in dimensions]}).encode())

        super().__init__(Handler)


def table(name, url, model, more=""):
    return f'[models.{name}]\nkind = "openai"\nbase_url = "{url}"\nmodel = "{model}"\n{more}\n'


class EndpointEmbedders(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=16, questions=10)

    def sweep_with(self, name, models, embedders, ranks, *arguments, methods=METHODS, more=""):
        config = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=8, methods=methods,
                                      embedders=embedders, more=models + more)
        return harness.sweep(ranks, config, *arguments)

    def test_the_dream_grid_with_two_endpoint_embedders(self):
        """Equal bytes on 1, 3 and 4 ranks; no text is asked for twice; the second run asks nothing."""
        first, asked = None, None
        for ranks in (0, 1, 3, 4):
            name, endpoint = f"ranks{ranks}", Endpoint({"even": 48, "odd": 33})
            models = table("even", endpoint.url, "even", 'query_prefix = "query: "\nbatch.texts = 7') + \
                table("odd", endpoint.url, "odd", "base64 = false")
            self.assert_ok(self.sweep_with(name, models, '["even", "odd"]', ranks, more='[judge]\nembedder = "odd"\n'))
            self.assertEqual(set(endpoint.asked.values()), {1}, "a text was asked for twice")
            self.assertLessEqual(endpoint.largest, 64)
            first = first or harness.tables(self.folder / name)
            asked = asked or set(endpoint.asked)
            self.assertEqual(asked, set(endpoint.asked))
            self.assert_same_tables(first, harness.tables(self.folder / name), f"{ranks} ranks")
            self.assertEqual(sum(rank["calls"] for rank in harness.manifest(self.folder / name)["ranks"]), endpoint.requests)
            requests = endpoint.requests
            self.assert_ok(self.sweep_with(name, models, '["even", "odd"]', 2, more='[judge]\nembedder = "odd"\n'))
            self.assertEqual(endpoint.requests, requests, "a second run asked again")
            endpoint.close()
        best = max(float(row["hit_rate"]) for row in harness.rows(self.folder / "ranks0", "results.csv"))
        self.assertGreater(best, 0.2)

    def test_everything_at_the_stub_with_faults(self):
        """Embedders and language model at the project's stub, where it is: a fifth of the replies are faults."""
        script = harness.data_folder().parent / "bench" / "stub_llm.py"
        if not script.exists():
            self.skipTest(f"no {script}")
        for name, ranks, faults in (("clean", 0, []), ("faulty", 3, ["--error-rate", "0.2", "--error-kinds", "429,500,truncated,drop"])):
            stub = subprocess.Popen([sys.executable, str(script), "--port", "0", "--embed-dim", "64", *faults],
                                    stdout=subprocess.PIPE, text=True)
            try:
                url = "http://" + stub.stdout.readline().split()[3] + "/v1"
                models = table("one", url, "embed-one") + table("two", url, "embed-two") + table("asked", url, "stub-good")
                config = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=8, methods=METHODS,
                                              embedders='["one", "two"]', more=models)
                config.write_text(config.read_text().replace('llm = "quote"', 'llm = "asked"'))
                attempts = [word for model in ("one", "two", "asked") for word in ("--set", f"models.{model}.attempts=20")]
                self.assert_ok(harness.sweep(ranks, config, *attempts))
            finally:
                stub.terminate()
                stub.wait()
        self.assert_same_tables(harness.tables(self.folder / "clean"), harness.tables(self.folder / "faulty"), "20 % faults")

    def test_only_lost_parts_do_not_ask_again(self):
        """The vectors are in the call store: without their parts they are put together again without a call."""
        endpoint = Endpoint({"even": 48})
        models = table("even", endpoint.url, "even")
        self.assert_ok(self.sweep_with("job", models, '["even"]', 2))
        first, requests = harness.tables(self.folder / "job"), endpoint.requests
        harness.shutil.rmtree(self.folder / "job" / "state" / "parts")
        self.assert_ok(self.sweep_with("job", models, '["even"]', 3))
        self.assertEqual(endpoint.requests, requests)
        self.assert_same_tables(first, harness.tables(self.folder / "job"), "made again from the store")
        endpoint.close()

    def test_faults_do_not_change_a_score(self):
        """One request in five fails, each time in another way."""
        def misbehave(number, texts):
            if number % 5 != 1:
                return None
            return [(429, b"{}"), (500, b"{}"), (503, b"oops"), (200, b'{"data": ['), (200, b"{}"),
                    (200, json.dumps({"data": [{"embedding": [1.0]}] * (len(texts) + 1)}).encode())][number // 5 % 6]
        clean, faulty = Endpoint({"even": 48}), Endpoint({"even": 48}, misbehave)
        for name, endpoint in (("clean", clean), ("faulty", faulty)):
            models = table("even", endpoint.url, "even", "batch.texts = 8")
            self.assert_ok(self.sweep_with(name, models, '["even"]', 2, methods='{ name = "sentence_window", window = 1 }'))
        self.assertGreater(faulty.requests, clean.requests)
        self.assert_same_tables(harness.tables(self.folder / "clean"), harness.tables(self.folder / "faulty"), "20 % faults")
        clean.close()
        faulty.close()

    def test_a_text_that_the_endpoint_refuses_is_a_row(self):
        """Too long for the model, or a vector of NaN: recorded, never asked for again, and the sweep goes on."""
        def misbehave(_, texts):
            if any("town" in text and "largest" in text for text in texts):
                return 400, b'{"error": {"message": "this text is too long for the model"}}'
        endpoint = Endpoint({"even": 48}, misbehave)
        models = table("even", endpoint.url, "even")
        for _ in range(2):
            ended = self.sweep_with("job", models, '["even"]', 2, "--until", "embed",
                                    methods='{ name = "sentence_window", window = 1 }')
            self.assert_ok(ended)
            if endpoint.requests:
                requests = endpoint.requests
        self.assertEqual(requests, endpoint.requests)
        self.assertIn("too_long", (self.folder / "job" / "results" / "sweep.log").read_text())
        endpoint.close()

    def test_mistakes_are_met_before_anything_is_paid_for(self):
        endpoint = Endpoint({"even": 48})
        ended = self.sweep_with("unknown", table("even", endpoint.url, "evil"), '["even"]', 2)
        self.assert_refused(ended, harness.ENDPOINT, "404", "no such model")
        self.assertEqual(endpoint.requests, 0)
        endpoint.close()

        other = Endpoint({"even": 48}, lambda _, texts: (200, json.dumps(
            {"data": [{"embedding": [0.5] * 8} for _ in texts]}).encode()))
        ended = self.sweep_with("other", table("even", other.url, "even", "dimensions = 16"), '["even"]', 3)
        self.assert_refused(ended, harness.ENDPOINT, "8 numbers where 16", "models.even.dimensions")
        self.assertEqual(other.requests, 1)
        other.close()

        refusing = Endpoint({"even": 48}, lambda *_: (400, b'{"error": {"message": "dimensions is not supported"}}'))
        ended = self.sweep_with("refusing", table("even", refusing.url, "even", "dimensions = 16"), '["even"]', 2)
        self.assert_refused(ended, harness.ENDPOINT, "dimensions is not supported")
        self.assertEqual(refusing.requests, 1)
        refusing.close()


if __name__ == "__main__":
    harness.main()
