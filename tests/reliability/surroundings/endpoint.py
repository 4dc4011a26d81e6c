"""The endpoint is away for an hour: the job waits five minutes for it, leaves the rows that found nobody to the next run, and ends
well; a start while it is away is refused before any work; and when it is back the same command asks for what is missing alone. The
first job's clock runs sixty times as fast.
"""
import http.server
import pathlib
import threading

import kit
from kit import harness
from language_endpoint import KEY, Endpoint

LIBRARIES = [*pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")]
SPEED = 60


class Mortal(Endpoint):
    """An endpoint that goes away, connections and all, and comes back at its address."""

    def __init__(self, lives_for):
        self.away = False
        self.lives_for = lives_for
        super().__init__(delay=0.02, misbehave=self.hang_up)

    def hang_up(self, number, handler):
        if self.away or number > self.lives_for:
            self.die()
            handler.close_connection = True
            handler.connection.close()
            return True
        return False

    def die(self):
        with self.lock:
            if self.away:
                return
            self.away = True
        self.server.socket.close()  # nobody listens any more

    def come_back(self):
        port, handler = self.server.server_port, self.server.RequestHandlerClass
        self.close()
        self.away, self.lives_for = False, 1 << 30
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class DeadEndpoint(kit.Case):

    def with_endpoint(self, name, endpoint):
        asked = (f'[models.asked]\nkind = "openai"\nbase_url = "{endpoint.url}"\nmodel = "tiny"\n'
                 'api_key = { env = "E2E_CANARY_KEY" }\nlimits = { in_flight = 4 }\n')
        config = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=self.buckets, methods=kit.METHODS,
                                      embedders='["small"]', more=asked)
        config.write_text(config.read_text().replace('llm = "quote"', 'llm = "asked"'))
        return config

    def test_an_endpoint_that_is_away_for_an_hour(self):
        if not LIBRARIES:
            raise kit.unittest.SkipTest("libfaketime is not installed")
        key = {"E2E_CANARY_KEY": KEY}
        alive = Endpoint()
        self.assert_ok(harness.sweep(2, self.with_endpoint("alive", alive), env=key))
        alive.close()
        mortal = Mortal(lives_for=9)
        config = self.with_endpoint("mortal", mortal)
        hurried = ["env", f"LD_PRELOAD={LIBRARIES[0]}", f"FAKETIME=+0 x{SPEED}"]
        ended = harness.sweep(0, config, wrapper=hurried, env=key)  # mpirun's own deadlines would not bear such a clock
        self.assert_ok(ended)
        self.assertTrue(mortal.away)
        self.assertIn("the same command tries them again", ended.text)
        answered = dict(mortal.asked)
        self.assertGreaterEqual(len(answered), 5)
        self.assertLess(len(answered), len(alive.asked))
        reasons = {row["answer_reason"] for row in harness.rows(config.parent, "questions.csv")} - {""}
        self.assertTrue(reasons <= {"refused", "network", "timeout"}, reasons)
        # A start while it is away.
        self.assert_refused(harness.sweep(2, config, env=key), harness.ENDPOINT, "not ready to run", mortal.url, "on all 2 ranks")
        mortal.come_back()
        self.assert_ok(harness.sweep(3, config, env=key))
        self.assertEqual(set(mortal.asked), set(alive.asked))
        self.assertEqual({body: mortal.asked[body] for body in answered}, answered, "a reply that was there was asked for again")
        self.assert_same_tables(harness.tables(self.folder / "alive"), harness.tables(config.parent), "after an hour without endpoint")
        mortal.close()


if __name__ == "__main__":
    harness.main()
