"""Whether a judge's server takes the schema of a reply: it is asked once, and the state folder keeps the answer."""
import io
import json
import shutil

import harness
from judge import Judge


class Server(Judge):
    """The scripted judge, strict about response_format where it does not take it; it keeps probes apart."""

    def __init__(self, takes_schema, fails=0):
        super().__init__()
        outer = self
        self.takes_schema, self.fails, self.probes, self.with_schema = takes_schema, fails, 0, 0
        plain = self.server.RequestHandlerClass

        class Handler(plain):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = json.loads(body)
                probe = "JSON schema" not in request["messages"][0]["content"]
                with outer.lock:
                    outer.probes += probe
                    outer.with_schema += "response_format" in request and not probe
                    outer.fails -= probe
                    fails = probe and outer.fails >= 0
                if fails:
                    return self.reply(503, {"error": {"message": "busy"}})
                if "response_format" in request and not outer.takes_schema:
                    return self.reply(400, {"error": {"message": "response_format is not supported"}})
                kept, self.rfile = self.rfile, io.BytesIO(body)
                super().do_POST()
                self.rfile = kept
        self.server.RequestHandlerClass = Handler


class JsonSchema(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=6, questions=3)

    def sweep_with(self, name, server, ranks, *arguments, keys="", attempts=5):
        more = (f'[models.judge]\nkind = "openai"\nbase_url = "{server.url}"\nmodel = "judge"\nattempts = {attempts}\n'
                f'[judge]\nllm = "judge"\n{keys}\n')
        config = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=8, more=more, embedders='["small"]',
                                      methods='{ name = "sentence_window", window = 1 }')
        return harness.sweep(ranks, config, "--set", "space.top_k=2", *arguments)

    def kept(self, name):
        return [json.loads(file.read_text()) for file in sorted((self.folder / name / "state/capabilities").glob("*"))]

    def test_it_is_asked_once_and_kept(self):
        for takes in (True, False):
            tables = None
            for ranks in (1, 3):
                server, name = Server(takes), f"{takes}-{ranks}"
                self.assert_ok(self.sweep_with(name, server, ranks))
                self.assertEqual(server.probes, 1)
                self.assertEqual(server.with_schema, len(server.asked) if takes else 0)
                (kept,) = self.kept(name)
                self.assertEqual((kept["json_schema"], kept["model"], kept["base_url"]), (takes, "judge", server.url))
                self.assertRegex(kept["found"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
                tables = tables or harness.tables(self.folder / name)
                self.assert_same_tables(tables, harness.tables(self.folder / name), name)
                # A second run, with its scores or without them, asks for nothing at all; "auto" is what was found.
                calls = sum(server.asked.values())
                self.assert_ok(self.sweep_with(name, server, 2))
                shutil.rmtree(self.folder / name / "state/parts")
                self.assert_ok(self.sweep_with(name, server, 4 - ranks, keys=f"json_schema = {str(takes).lower()}"))
                self.assertEqual((server.probes, sum(server.asked.values())), (1, calls))
                server.close()

    def test_a_state_without_it_and_a_forecast(self):
        server = Server(False)
        self.assert_ok(self.sweep_with("old", server, 2, keys='json_schema = "false"'))
        self.assertFalse((self.folder / "old/state/capabilities").exists())
        calls = len(server.asked)
        # A forecast asks for nothing, and takes the unknown for a yes.
        self.assert_ok(self.sweep_with("old", server, 2, "--until", "select"))
        self.assertEqual((server.probes, len(server.asked)), (0, calls))
        # The server refuses, so the scores of the earlier run are those that are wanted.
        self.assert_ok(self.sweep_with("old", server, 2))
        self.assertEqual((server.probes, len(server.asked)), (1, calls))
        self.assertTrue(harness.manifest(self.folder / "old")["forecast"])
        server.close()

    def test_a_server_that_does_not_say(self):
        server = Server(True, fails=2)
        self.assert_ok(self.sweep_with("busy", server, 2))
        self.assertEqual(server.probes, 3)
        server.close()
        server = Server(True, fails=1000)
        ended = self.sweep_with("away", server, 3, attempts=2)
        self.assertEqual(ended.code, harness.ENDPOINT, ended)
        self.assertEqual(server.probes, 2)
        self.assertFalse(self.kept("away"))
        server.close()


if __name__ == "__main__":
    harness.main()
