"""The whole pipeline with the GPU's code: its twin on the CPU stands in for the card, through the same table of backends."""
import os

import bert_folder
import harness


class Accelerator(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=6, questions=6, sentences=8)
        self.model = bert_folder.write(self.folder / "model")

    def run_on(self, backend, name=None, ranks=0, precision="fp32", env=None, **set_values):
        folder = self.folder / (name or backend)
        config = harness.write_config(folder, self.corpus, self.golden, buckets=8, methods='{ name = "overlap", size = 24, overlap = 4 }',
                                      embedders='["tiny"]',
                                      more=f'[models.tiny]\nkind = "transformer"\npath = "{self.model}"\nprecision = "{precision}"\n')
        settings = {"device.backend": f'"{backend}"', "device.batch_tokens": 128, "index.shards": 2, "index.margin": 2, "objective.maximize": '"ndcg"', **set_values}
        flags = [flag for key, value in settings.items() for flag in ("--set", f"{key}={value}")]
        return harness.sweep(ranks, config, *flags, env=env, timeout=200), folder

    def contexts(self, folder):
        """The chunks of each question of each trial."""
        return {(row["trial"], row["id"]): row["chunks"].split() for row in harness.rows(folder, "questions.csv")}

    def overlap(self, one, other):
        one, other = self.contexts(one), self.contexts(other)
        self.assertEqual(one.keys(), other.keys())
        shares = [len(set(one[key]) & set(other[key])) / max(len(one[key]), 1) for key in one]
        return sum(shares) / len(shares)

    def test_the_same_verdict_as_on_the_cpu(self):
        ended, cpu = self.run_on("cpu")
        self.assert_ok(ended)
        for precision in ("fp32", "bf16"):
            ended, twin = self.run_on("twin", name=f"twin-{precision}", precision=precision)
            self.assert_ok(ended)
            self.assertIn(f"model tiny computes in {precision} on twin", (twin / "results" / "sweep.log").read_text())
            self.assertGreaterEqual(self.overlap(cpu, twin), 0.99 if precision == "fp32" else 0.9, precision)
            self.assertNotEqual(harness.part_digests(cpu), harness.part_digests(twin))  # other bits, other keys
        self.assertEqual(*(harness.manifest(folder)["verdict"] for folder in (cpu, self.folder / "twin-fp32")))

    def test_the_same_bytes_for_any_number_of_ranks_on_one_card(self):
        ended, alone = self.run_on("twin", name="alone")
        self.assert_ok(ended)
        ended, three = self.run_on("twin", name="three", ranks=3, **{"device.ranks_per_gpu": 3})
        self.assert_ok(ended)
        self.assert_same_tables(harness.tables(alone), harness.tables(three), "1 and 3 ranks on a card")
        self.assertEqual(harness.part_digests(alone), harness.part_digests(three))

    def refused(self, *words, ranks=2, env=None, **set_values):
        ended, folder = self.run_on("twin", name="refused", ranks=ranks, env=env, **set_values)
        self.assert_refused(ended, harness.DEVICE, *words)
        self.assertFalse((folder / "state" / "parts").exists(), "work was done before")

    def test_what_does_not_fit_is_one_error_before_any_work(self):
        host = os.uname().nodename
        for env, words in (({"DREAM_TWIN_DRIVER": "12020"}, ["speaks CUDA 12.2, and this program 13.0", "newer driver"]),
                           ({"DREAM_TWIN_GPUS": "0"}, ["CUDA_VISIBLE_DEVICES", '"cpu"']),
                           ({"DREAM_TWIN_MAJOR": "7"}, ["compute capability 7.0", "8.0 or more"])):
            with self.subTest(env=env):
                self.refused('device.backend = "twin"', "on all 2 ranks", *words, env=env)
        self.refused("device.ranks_per_gpu = 1", "2 ranks share", "rank 0", host)
        # A model, and what two ranks need together, against the share.
        small = {"DREAM_TWIN_MIB": "2"}
        self.refused("device.memory_share = 0.05", "models.tiny: weights", "rank 0", host, ranks=0, env=small,
                     **{"device.memory_share": 0.05})

    def test_heads_that_attention_on_a_gpu_cannot_hold_are_told_by_the_model(self):
        self.model = bert_folder.write(self.folder / "wide", layers=1, hidden=256, heads=1, inner=16)
        ended, _ = self.run_on("twin")
        self.assert_refused(ended, harness.INPUT, "makes heads of 256 values", "at most 248", "cpu")

    def test_a_shard_that_does_not_fit_is_told_before_anything_is_embedded(self):
        ended, folder = self.run_on("twin", name="shard", ranks=2, env={"DREAM_TWIN_MIB": "24"}, **{"device.ranks_per_gpu": 2})
        self.assert_refused(ended, harness.DEVICE, "index.shards = 2", "MiB", "rank 0 on " + os.uname().nodename)
        self.assertFalse((folder / "results" / "results.csv").exists())


harness.main()
