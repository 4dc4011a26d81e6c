"""The work is really spread over the ranks, and rank 0 holds nothing that grows with the corpus."""
import json
import os
import pathlib
import subprocess
import sys

import harness

RANKS = 4  # rank 0 coordinates, three work
WORK = ("documents", "document_bytes", "texts_embedded", "shard_rows", "queries")


class Distribution(harness.Case):

    def test_every_worker_has_its_share_and_the_sums_are_the_plan(self):
        """No worker reads over 1.5 times the mean; a dedicated rank 0 does none of it."""
        corpus, golden = harness.make_corpus(self.folder, documents=100, sentences=20)
        methods, embedders = '{ name = "sentence_window", window = 1 }', '["small"]'

        def run(name, ranks, coordinator):
            config = harness.write_config(self.folder / name, corpus, golden, coordinator=coordinator, methods=methods,
                                          embedders=embedders)
            self.assert_ok(harness.sweep(ranks, config))
            return harness.manifest(self.folder / name)

        alone = run("alone", 0, "auto")["ranks"][0]
        many = run("many", RANKS, "dedicated")
        first, workers = many["ranks"][0], many["ranks"][1:]
        self.assertFalse(first["works"])
        self.assertEqual([rank["rank"] for rank in many["ranks"]], list(range(RANKS)))
        for what in WORK:
            self.assertEqual(first[what], 0, f"rank 0 coordinates, yet {what}")
            shares = [rank[what] for rank in workers]
            self.assertEqual(sum(shares), alone[what], f"{what} over all ranks, and on one rank alone")
            self.assertGreater(min(shares), 0, f"{what}: a worker without any: {shares}")
        self.assertEqual(alone["documents"], 100)
        self.assertEqual(alone["document_bytes"], many["corpus"]["bytes"])
        self.assertEqual(alone["queries"], 12 * 8, "each question in each shard, once")
        for what in ("document_bytes", "texts_embedded", "shard_rows"):
            shares = [rank[what] for rank in workers]
            self.assertLessEqual(max(shares), 1.5 * sum(shares) / len(shares), f"{what}: {shares}")

    def test_rank_0_does_not_grow_with_the_corpus(self):
        """Invariant 5: memory per rank. Rank 0's peak grows by less than 1 KiB for each document (names and digests) and
        1 MiB of slack from 1x to 4x, a sixth of what the text alone would take."""
        peaks, sizes = {}, {}
        for times in (1, 4):
            place = self.folder / f"x{times}"
            place.mkdir()
            corpus, golden = harness.make_corpus(place, documents=150 * times, sentences=320)
            config = harness.write_config(place, corpus, golden, coordinator="dedicated", embedders='["small"]',
                                          methods='{ name = "overlap", size = 512, overlap = 0 }')
            ended = harness.sweep(3, config, wrapper=(sys.executable, __file__, "--peak", place))
            self.assert_ok(ended)
            peaks[times] = [int((place / f"peak{rank}").read_text()) for rank in range(3)]
            sizes[times] = harness.manifest(place)["corpus"]["bytes"]
        print(f"peak KiB of ranks 0, 1, 2: {peaks}; corpus bytes: {sizes}")
        self.assertGreater(sizes[4] - sizes[1], 6 << 20)
        self.assertLess(peaks[4][0] - peaks[1][0], 450 + 1024, f"KiB of rank 0, {peaks}")


def record_peak(folder, *program):
    """Runs a rank and writes its peak resident KiB to folder/peakRANK."""
    child = subprocess.Popen(program)
    _, status, usage = os.wait4(child.pid, 0)
    rank = os.environ.get("OMPI_COMM_WORLD_RANK", "0")
    pathlib.Path(folder, f"peak{rank}").write_text(json.dumps(usage.ru_maxrss))
    sys.exit(os.waitstatus_to_exitcode(status))


if sys.argv[1:2] == ["--peak"]:
    record_peak(*sys.argv[2:])
harness.main()
