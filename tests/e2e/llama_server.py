"""A real server: llama.cpp's, around a model of random weights (llama_cpp.py). What it says is noise; that we speak its
language is what these cases show. They need a Python with xllamacpp, gguf and numpy: DREAM_LLAMACPP names it.
"""
import json
import os
import shutil
import socket
import subprocess
import unittest
import urllib.error
import urllib.request

import harness

KEY = "sk-llama"


def python_with_llama():
    """A Python that has the server, or the end of the program as skipped."""
    for python in filter(None, (os.environ.get("DREAM_LLAMACPP"), shutil.which("python3"))):
        if subprocess.run([python, "-c", "import xllamacpp, gguf, numpy"], capture_output=True).returncode == 0:
            return python
    raise unittest.SkipTest("no Python with llama.cpp's server (pip install xllamacpp gguf numpy; DREAM_LLAMACPP names it)")


class LlamaServer:
    def __init__(self, folder, *mode):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        script = harness.SOURCE / "tests/e2e/llama_cpp.py"
        self.log = folder / f"server-{port}.log"
        with self.log.open("wb") as said:
            self.process = subprocess.Popen([python_with_llama(), str(script), str(folder / "tiny.gguf"), str(port), KEY, *mode],
                                            stdout=subprocess.PIPE, stderr=said, text=True)
        for line in self.process.stdout:
            if line.startswith("listening"):
                break
        self.url = f"http://127.0.0.1:{port}/v1"

    def ask(self, path, body=None, key=KEY):
        """Status and reply of a plain request."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {key}"},
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class ARealServer(harness.Case):

    def setUp(self):
        python_with_llama()
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=8, questions=4, sentences=12)
        self.chat = LlamaServer(self.folder)
        self.addCleanup(self.chat.close)
        self.embed = LlamaServer(self.folder, "embed")
        self.addCleanup(self.embed.close)

    def sweep_with(self, name, ranks, *arguments, keys="", judge="", key=KEY):
        more = (f'[models.llama]\nkind = "openai"\nbase_url = "{self.chat.url}"\nmodel = "tiny"\nmax_tokens = 24\ntemperature = 0.0\n'
                f'api_key = {{ env = "E2E_LLAMA_KEY" }}\nlimits = {{ in_flight = 4 }}\n{keys}\n'
                f'[models.vectors]\nkind = "openai"\nbase_url = "{self.embed.url}"\nmodel = "tiny"\nbatch = {{ texts = 8 }}\n'
                f'api_key = {{ env = "E2E_LLAMA_KEY" }}\n{judge}\n')
        config = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=8, more=more, embedders='["vectors"]',
                                      methods='{ name = "sentence_window", window = 1 }, { name = "overlap", size = 32, overlap = 8 }')
        config.write_text(config.read_text().replace('llm = "quote"', 'llm = "llama"'))
        return harness.sweep(ranks, config, *arguments, env={"E2E_LLAMA_KEY": key})

    def usage(self, name):
        return {(row["purpose"], row["model"]): row for row in harness.manifest(self.folder / name)["calls"]}

    def test_a_sweep_of_two_by_two_to_its_end(self):
        """Models, embeddings, chat, usage; and what is known is not asked again."""
        self.assert_ok(self.sweep_with("plain", 2))
        usage = self.usage("plain")
        answers, vectors = usage["answer", "llama"], usage["embed", "vectors"]
        self.assertGreater(answers["sent"], 4)
        self.assertEqual(answers["given_up"] + vectors["given_up"], 0)
        self.assertGreater(answers["input_tokens"], 100 * answers["sent"])
        self.assertGreater(answers["output_tokens"], 0)
        self.assertLessEqual(answers["output_tokens"], 24 * answers["sent"])
        self.assertGreater(vectors["input_tokens"], 0)
        self.assertGreaterEqual(answers["latency_p95_s"], answers["latency_p50_s"])
        self.assertEqual(answers["first_byte_p50_s"], 0, "nothing was streamed")
        self.assertEqual(len(harness.rows(self.folder / "plain", "results.csv")), 4)
        self.assertTrue(all(row["answer"] for row in harness.rows(self.folder / "plain", "questions.csv")))
        first = harness.tables(self.folder / "plain")
        shutil.rmtree(self.folder / "plain" / "state" / "parts")
        self.assert_ok(self.sweep_with("plain", 3))
        self.assertEqual(sum(row["sent"] for row in self.usage("plain").values()), 0)
        self.assert_same_tables(first, harness.tables(self.folder / "plain"), "from the call store")

    def test_streamed_answers(self):
        self.assert_ok(self.sweep_with("streamed", 2, keys="stream = true"))
        answers = self.usage("streamed")["answer", "llama"]
        self.assertEqual(answers["given_up"], 0)
        self.assertGreater(answers["output_tokens"], 0, "no usage at the end of the stream")
        self.assertGreater(answers["first_byte_p50_s"], 0)
        self.assertLess(answers["first_byte_p50_s"], answers["latency_p50_s"])
        # The same calls, however they travel.
        shutil.rmtree(self.folder / "streamed" / "state" / "parts")
        self.assert_ok(self.sweep_with("streamed", 1))
        self.assertEqual(self.usage("streamed")["answer", "llama"]["sent"], 0)

    def test_a_judge_held_to_its_schema(self):
        """Random weights that must write JSON of our schema: whatever ends in time can be read."""
        judge = '[models.judge]\nkind = "openai"\nbase_url = "{}"\nmodel = "tiny"\nmax_tokens = 160\n' \
                'api_key = {{ env = "E2E_LLAMA_KEY" }}\n[judge]\nllm = "judge"\n'.format(self.chat.url)
        self.assert_ok(self.sweep_with("judged", 2, "--set", "space.top_k=[2]", "--set", "golden.size=2", judge=judge))
        self.assertGreater(self.usage("judged")["judge", "judge"]["sent"], 10)
        self.assertEqual(self.usage("judged")["probe", "judge"]["sent"], 1)
        found = [json.loads(file.read_text()) for file in (self.folder / "judged/state/capabilities").iterdir()]
        self.assertEqual([one["json_schema"] for one in found], [True])
        reasons = {value for row in harness.rows(self.folder / "judged", "questions.csv")
                   for column, value in row.items() if column.endswith("_reason") and value}
        faults = {"http", "rate", "network", "content_type", "bad_json", "unparsable", "schema"}
        # This server answers 500 where a reply was cut in the middle of its JSON.
        if b"does not match the expected" in self.chat.log.read_bytes():
            faults.remove("http")
        self.assertFalse(reasons & faults, reasons)

    def test_a_wrong_key_is_met_before_anything_is_paid_for(self):
        self.assertEqual(self.chat.ask("/models", key="sk-wrong")[0], 401)
        ended = self.sweep_with("wrong", 2, key="sk-wrong")
        self.assert_refused(ended, harness.ENDPOINT, "401", ".api_key")
        self.assertFalse((self.folder / "wrong" / "state" / "calls").exists())


harness.main()
