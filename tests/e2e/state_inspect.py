"""state_inspect: what a state folder holds, whether it is whole, what no sweep needs, and how a running sweep gets on."""
import json
import os
import pathlib
import subprocess

import harness
from language_endpoint import KEY, Endpoint


class StateInspect(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=10, questions=5)
        self.place = self.folder / "sweep"
        self.state = self.place / "state"
        self.config = harness.write_config(self.place, self.corpus, self.golden, buckets=8)

    def inspect(self, *arguments, code=harness.OK):
        ended = subprocess.run([harness.PROGRAMS / "state_inspect", self.state, *map(str, arguments)], capture_output=True, text=True,
                               timeout=60, env=harness.environment())
        self.assertEqual(ended.returncode, code, ended.stdout + ended.stderr)
        return ended.stdout + ended.stderr

    def seen(self, *arguments, **how):
        return json.loads(self.inspect("--json", *arguments, **how))

    def test_it_counts_what_the_sweep_made(self):
        self.assert_ok(harness.sweep(2, self.config))
        seen = self.seen("--verify")
        self.assertEqual({stage: bulk["files"] for stage, bulk in seen["parts"].items()}, harness.made_now(self.place))
        files = [path for path in (self.state / "parts").rglob("*.h5")]
        self.assertEqual(sum(bulk["bytes"] for bulk in seen["parts"].values()), sum(path.stat().st_size for path in files))
        self.assertEqual(seen["index_files"]["files"], seen["parts"]["index"]["files"])
        self.assertEqual((seen["claims"], seen["damaged"], seen["unknown"], seen["leftovers"]["files"]), ([], [], [], 0))
        text = self.inspect()
        for word in ("format 1", "at work: nobody", "chunk", "calls: none"):
            self.assertIn(word, text)

    def test_a_folder_that_is_none(self):
        self.assertIn("no state folder", self.inspect(code=harness.STATE))
        self.assertIn("--sweep", self.inspect("--orphans", code=harness.CONFIG))

    def test_every_kind_of_damage_is_found(self):
        self.assert_ok(harness.sweep(2, self.config))
        parts = self.state / "parts"
        index = sorted(parts.rglob("*.faiss"))[0]
        others = [path for path in sorted(parts.rglob("*.h5")) if path.stem != index.stem]
        for path in (index, others[0]):  # one bit, which only reading everything finds
            content = bytearray(path.read_bytes())
            content[-3] ^= 1
            path.write_bytes(content)
        others[1].write_bytes(others[1].read_bytes()[:300])
        (parts / "notes.txt").write_text("mine")
        self.assertEqual([damage["path"] for damage in self.seen(code=harness.STATE)["damaged"]],
                         [str(others[1].relative_to(self.state))])
        seen = self.seen("--verify", code=harness.STATE)
        self.assertEqual({damage["path"] for damage in seen["damaged"]},
                         {str(path.relative_to(self.state)) for path in (index, others[0], others[1])})
        self.assertEqual(seen["unknown"], ["parts/notes.txt"])

    def test_prune_takes_what_no_sweep_needs_and_nothing_else(self):
        self.assert_ok(harness.sweep(2, self.config))
        fewer = harness.write_config(self.folder / "fewer", self.corpus, self.golden, buckets=8,
                                     methods='{ name = "sentence_window", window = 1 }')
        shared = ("--set", f'sweep.state="{self.state}"')
        self.assert_ok(harness.sweep(0, fewer, *shared))
        before = harness.part_stamps(self.place)
        self.assertEqual(self.seen("--sweep", self.config, "--sweep", fewer)["orphans"]["files"], 0)
        (self.state / "tmp" / "dead-0-part").write_text("half")
        listed = self.inspect("--sweep", fewer, "--orphans").split()
        self.assertEqual(harness.part_stamps(self.place), before, "--orphans removed something")
        self.assertIn("removed", self.inspect("--sweep", fewer, "--prune"))
        after = harness.part_stamps(self.place)
        gone = {str(self.state / "parts" / name) for name in before if name not in after}
        self.assertTrue(gone)
        self.assertEqual(gone | {str(self.state / "tmp" / "dead-0-part")}, set(listed))
        self.assertEqual({name: before[name] for name in after}, after)
        expected = harness.tables(self.folder / "fewer")
        self.assert_ok(harness.sweep(0, fewer, *shared))
        self.assertEqual(sum(harness.made_now(self.folder / "fewer").values()), 0, "it took what the sweep needs")
        self.assert_same_tables(expected, harness.tables(self.folder / "fewer"), "after --prune")
        # A sweep that lacks parts cannot say what it needs.
        self.assertIn("run it to its end", self.inspect("--sweep", self.config, "--prune", code=harness.CONFIG))
        self.assertIn("--sweep", self.inspect("--prune", code=harness.CONFIG))

    def test_replies_are_counted_with_tokens_and_price_and_never_pruned(self):
        endpoint = Endpoint()
        model = (f'[models.asked]\nkind = "openai"\nbase_url = "{endpoint.url}"\nmodel = "tiny"\n'
                 'api_key = { env = "E2E_CANARY_KEY" }\nprice = { input = 1.0, output = 2.0 }\n[objective]\nbudget = { usd = 1.0 }\n')
        config = harness.write_config(self.place, self.corpus, self.golden, buckets=8, more=model,
                                      methods='{ name = "sentence_window", window = 1 }')
        config.write_text(config.read_text().replace('llm = "quote"', 'llm = "asked"'))
        os.environ["E2E_CANARY_KEY"] = KEY
        self.assert_ok(harness.sweep(2, config))
        calls = harness.manifest(self.place)["calls"][0]
        seen = self.seen("--sweep", config)
        self.assertEqual(seen["calls"]["tiny"]["replies"], len(endpoint.asked))
        self.assertEqual(seen["calls"]["tiny"]["input_tokens"], calls["input_tokens"])
        self.assertAlmostEqual(seen["spent"][0]["usd"], calls["cost_usd"])
        text = self.inspect("--sweep", config)
        self.assertIn(f'{calls["cost_usd"]:.4f} USD by {config}', text)
        self.assertNotIn(KEY, text)
        self.inspect("--sweep", config, "--prune")
        self.assertEqual(self.seen()["calls"]["tiny"]["replies"], len(endpoint.asked))
        endpoint.close()

    def test_a_live_sweep_is_watched_to_its_end_and_keeps_its_parts(self):
        job = harness.Job(2, self.config, "--test-fault", "score:1:stop")
        until = harness.time.monotonic() + 60
        while "select" not in job.text() and harness.time.monotonic() < until:
            harness.time.sleep(0.05)
        (claim,) = self.seen()["claims"]
        self.assertFalse(claim["gone"])
        self.assertIn("another sweep works here", self.inspect("--sweep", self.config, "--prune", code=harness.STATE))
        watcher = subprocess.Popen([harness.PROGRAMS / "state_inspect", self.state, "--watch", "0.2"], stdout=subprocess.PIPE, text=True)
        self.assertIn("1 at work", watcher.stdout.readline())
        stopped = job.rank_processes()[1]
        until = harness.time.monotonic() + 60
        while harness.time.monotonic() < until:
            if pathlib.Path(f"/proc/{stopped}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
                break
            harness.time.sleep(0.05)
        harness.signal_quietly(stopped, harness.signal.SIGCONT)
        self.assert_ok(job.wait())
        lines = watcher.communicate(timeout=60)[0].splitlines()
        self.assertIn("0 at work", lines[-1])
        self.assertEqual(watcher.returncode, 0)


harness.main()
