"""What `--until retrieve` foresees of the calls to language models, answers and judge, and what they then are."""
import itertools
import re
import shutil
import subprocess
import sys

import harness
from judge import Judge


class Talker(Judge):
    """The scripted judge, with an honest count of what it says; no two of its answers are equal."""

    def __init__(self):
        super().__init__()
        plain = self.server.RequestHandlerClass
        turn = itertools.count()

        class Handler(plain):
            def reply(self, status, content, kind="application/json"):
                if isinstance(content, dict) and "usage" in content:
                    message = content["choices"][0]["message"]
                    if message["content"].startswith("It is "):
                        message["content"] = f"It is town number {next(turn)}."
                    said = message["content"]
                    content["usage"] = {"prompt_tokens": int(self.headers["Content-Length"]) // 4, "completion_tokens": len(said) // 4}
                super().reply(status, content, kind)
        self.server.RequestHandlerClass = Handler


class Forecast(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=12, questions=10)

    def sweep_with(self, name, url, ranks, *arguments, model="judge", answers="asked", rules="ragas-0.4", repeats=1, schema="false"):
        price = "price = { input = 1.0, output = 3.0 }\nmax_tokens = 2048\nlimits = { in_flight = 16 }\n"
        more = "".join(f'[models.{which}]\nkind = "openai"\nbase_url = "{url}"\nmodel = "{model}"\n{price}' for which in ("asked", "judge"))
        more += f'[judge]\nllm = "judge"\nrules = "{rules}"\nrepeats = {repeats}\njson_schema = {schema}\n'
        config = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=8, more=more, embedders='["small"]',
                                      methods='{ name = "sentence_window", window = 1 }, { name = "overlap", size = 64, overlap = 16 }')
        config.write_text(config.read_text().replace('llm = "quote"', f'llm = "{answers}"'))
        return harness.sweep(ranks, config, *arguments)

    def rows(self, name):
        return {row["purpose"]: row for row in harness.manifest(self.folder / name)["forecast"]}

    def assert_near(self, row, field, share=0.1):
        foreseen, made = row[field], row[field + "_made"]
        print(f"{row['purpose']}: {field} {foreseen} foreseen, {made} made")
        self.assertGreater(made, 0)
        self.assertLessEqual(abs(foreseen - made), share * made, row)

    def test_answers_and_judge(self):
        for rules, repeats in (("ragas-0.4", 1), ("ragas-0.1", 3)):
            endpoint, name = Talker(), f"{rules}-{repeats}"
            ended = self.sweep_with(name, endpoint.url, 3, "--until", "retrieve", rules=rules, repeats=repeats)
            self.assert_ok(ended)
            self.assertFalse(endpoint.asked, "a forecast asked for something")
            left = dict(re.findall(r"(\w+) by \w+: (\d+) calls are left, 0 replies", ended.text))
            self.assertEqual(set(left), {"answer", "judge"})
            self.assert_ok(self.sweep_with(name, endpoint.url, 2, rules=rules, repeats=repeats))
            rows = self.rows(name)
            self.assertEqual(harness.manifest(self.folder / name)["measured"]["forecast"], list(rows.values()), "the page's")
            self.assertEqual({purpose: str(row["calls"]) for purpose, row in rows.items()}, left)
            self.assertEqual(rows["answer"]["calls"], rows["answer"]["calls_made"])
            for row in rows.values():
                self.assert_near(row, "calls")
                self.assert_near(row, "input_tokens")
                self.assert_near(row, "cost_usd")
                self.assertLessEqual(row["cost_usd_made"], row["most_usd"])
            endpoint.close()

    def test_what_is_in_the_state_folder_is_known(self):
        """After a third of the questions the forecast for all of them goes on with the real answers to these."""
        endpoint = Talker()
        self.assert_ok(self.sweep_with("half", endpoint.url, 1, "--set", "golden.size=4"))
        calls = len(endpoint.asked)  # of the judge
        shutil.rmtree(self.folder / "half" / "state" / "parts")
        ended = self.sweep_with("half", endpoint.url, 2, "--until", "select")
        self.assert_ok(ended)
        known = dict(re.findall(r"(\w+) by \w+: \d+ calls are left, (\d+) replies", ended.text))
        self.assertEqual(known, {"answer": "16", "judge": str(calls)})
        self.assertEqual(len(endpoint.asked), calls)
        self.assert_ok(self.sweep_with("half", endpoint.url, 2))
        for row in self.rows("half").values():
            self.assert_near(row, "calls")
        # Nothing is left now; and a forecast of other scores is not compared with these.
        self.assertIn("none of the calls", self.sweep_with("half", endpoint.url, 2, "--until", "select").text)
        self.assert_ok(self.sweep_with("half", endpoint.url, 1, "--set", "space.top_k=[2]"))
        self.assertEqual(harness.manifest(self.folder / "half")["forecast"], [])
        endpoint.close()

    def test_answers_that_need_no_endpoint_are_known_already(self):
        endpoint = Talker()
        self.assert_ok(self.sweep_with("quote", endpoint.url, 2, "--until", "select", answers="quote"))
        self.assert_ok(self.sweep_with("quote", endpoint.url, 2, answers="quote"))
        row = self.rows("quote")["judge"]
        self.assert_near(row, "calls", share=0.01)
        self.assert_near(row, "input_tokens", share=0.05)
        endpoint.close()

    def test_the_projects_stub(self):
        """It answers with sentences of the passages, so trials often agree: less is asked than is foreseen without a pilot."""
        script = harness.data_folder().parent / "bench" / "stub_llm.py"
        if not script.exists():
            self.skipTest(f"no {script}")
        stub = subprocess.Popen([sys.executable, str(script), "--port", "0"], stdout=subprocess.PIPE, text=True)
        try:
            url = "http://" + re.search(r"on (\S+)", stub.stdout.readline()).group(1) + "/v1"
            def forecast_and_run(name, *pilot):
                ended = self.sweep_with(name, url, 2, "--until", "select", *pilot, model="stub-good", schema="true")
                self.assert_ok(ended)
                self.assert_ok(self.sweep_with(name, url, 3, model="stub-good", schema="true"))
                return ended.text, self.rows(name)
            text, rows = forecast_and_run("stub")
            self.assertIn("--pilot 10", text)
            self.assert_near(rows["answer"], "calls", share=0)
            self.assert_near(rows["judge"], "calls", share=0.2)
            self.assertGreaterEqual(1.05 * rows["judge"]["calls"], rows["judge"]["calls_made"])
            text, rows = forecast_and_run("piloted", "--pilot", "4")
            self.assertIn("learned from the replies to 4 of 10 questions", text)
            self.assert_near(rows["answer"], "calls", share=0)
            for row in rows.values():
                for field in ("calls", "input_tokens", "cost_usd"):
                    self.assert_near(row, field)
        finally:
            stub.terminate()
            stub.wait()


if __name__ == "__main__":
    harness.main()
