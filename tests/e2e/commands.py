"""What the command line offers beside running a sweep: --plan, --check, --until, --list, --version, --set; and that a sweep
needs no network. Every input of the repository is checked, too.
"""
import re
import shutil
import subprocess
import unittest

import harness


class Commands(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=10, questions=5)
        self.place = self.folder / "sweep"
        self.config = harness.write_config(self.place, self.corpus, self.golden, buckets=8)

    def run_ok(self, *arguments, ranks=0, **how):
        ended = harness.sweep(ranks, *arguments, **how)
        self.assert_ok(ended)
        return ended.text

    def test_plan_tells_and_starts_nothing(self):
        for ranks in (0, 3):
            text = self.run_ok(self.config, "--plan", ranks=ranks)
            self.assertIn("12 trials over 10 documents", text)
            self.assertIn("5 golden questions", text)
            self.assertEqual(text.count("12 trials over"), 1, "told once")
        self.assertFalse((self.place / "state").exists())
        self.assertFalse((self.place / "results").exists())

    def test_check_finds_no_problem_and_starts_nothing(self):
        self.assertIn("no problems found", self.run_ok(self.config, "--check"))
        self.assertFalse((self.place / "state").exists())

    def test_until_ends_there_and_the_rest_follows(self):
        """Invariant 3: what --until has made is not made again."""
        for stage in ("chunk", "search"):
            self.run_ok(self.config, "--until", stage, ranks=2)
            self.assertFalse((self.place / "results" / "results.csv").exists(), "an unfinished sweep has no results")
        made = harness.sealed(self.place)
        self.run_ok(self.config)
        self.assertEqual({stage for stage, parts in harness.made_now(self.place).items() if parts > 0}, {"select", "score"})
        self.assertGreater(harness.sealed(self.place), made)

    def test_set_overrides_the_file(self):
        text = self.run_ok(self.config, "--set", "space.top_k=[1, 2, 3]", "--set", "golden.size=2", "--plan")
        self.assertIn("18 trials", text)
        self.assertIn("2 golden questions", text)

    def test_lists_and_versions(self):
        self.assertIn("sentence_window", self.run_ok("--list", "methods"))
        self.assertIn("extractive", self.run_ok("--list", "models"))
        self.assertIn("faithfulness", self.run_ok("--list", "metrics"))
        self.assertIn("grid", self.run_ok("--list", "searches"))
        text = self.run_ok("--version", ranks=2)
        for word in ("dream_sweep ", "Open MPI", "HDF5", "cpu"):
            self.assertIn(word, text)
        self.assertEqual(text.count("dream_sweep "), 1, "told once")

    def test_the_winner_runs_as_it_is(self):
        """best.toml is a sweep of one trial with the winner's figures, made from the parts that are there. Its largest k may
        be smaller than that of the sweep, so search and what follows it may be made again."""
        self.run_ok(self.config)
        again = self.folder / "again" / "results"
        self.run_ok(self.place / "results" / "best.toml", "--set", f'sweep.output="{again}"', ranks=2)
        for stage, made in harness.made_now(again.parent).items():
            if stage not in ("search", "select", "score"):
                self.assertEqual(made, 0, stage)
        (one,) = harness.rows(again.parent, "results.csv")
        one.pop("trial")
        known = harness.rows(self.place, "results.csv")
        for row in known:
            row.pop("trial")
        self.assertIn(one, known)

    def test_no_network_is_needed(self):
        """Invariant 7: a sweep without endpoints runs in a network namespace that has not even a loopback; where strace is
        installed, no process of it opens an internet socket."""
        alone = ["unshare", "--map-root-user", "--net"]
        if subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
            raise unittest.SkipTest("unshare --net is not allowed here")
        self.run_ok(self.config, prefix=alone)
        if shutil.which("strace") is None:
            return
        log = self.folder / "calls"
        other = harness.write_config(self.folder / "traced", self.corpus, self.golden, buckets=8)
        traced = ["strace", "-f", "-qq", "-e", "trace=socket,connect,sendto", "-o", log]
        if subprocess.run([*traced, "true"], capture_output=True).returncode != 0:
            return
        self.run_ok(other, prefix=traced)
        self.assertNotIn("AF_INET", log.read_text())

    def test_inputs_of_the_repository_are_sound(self):
        """Every inputs/*.toml; those with real documents or models only where these are."""
        files = sorted((harness.SOURCE / "inputs").glob("*.toml"))
        self.assertTrue(files)
        # Nothing is asked of this endpoint: --plan starts nothing.
        known = {"DREAM_DOCUMENTS": str(self.corpus), "DREAM_GOLDEN": str(self.golden), "LLM_API_KEY": "none",
                 "LLM_BASE_URL": "http://127.0.0.1:9/v1"}
        for name, find in (("DREAM_REALDATA", harness.data_folder), ("DREAM_MODELS", lambda: harness.minilm().parent)):
            try:
                known[name] = str(find())
            except unittest.SkipTest as skip:
                print(f"without {name}: {skip}")
        checked = 0
        for file in files:
            code = "".join(line.split("#")[0] for line in file.read_text().splitlines(True))
            missing = [name for name in re.findall(r"\$\{(\w+)\}", code) if name not in known]
            if missing:
                print(f"not checked: {file.name} needs {missing}")
                continue
            with self.subTest(file=file.name):
                text = self.run_ok(file, "--plan", cwd=harness.SOURCE, env=known)
                self.assertIn("trials over", text)
                checked += 1
        self.assertGreater(checked, 0)


harness.main()
