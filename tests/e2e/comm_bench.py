"""comm_bench: every verb over every way at small sizes, exact, in a table and as CSV."""
import csv
import os

import harness

STAND_IN = harness.PROGRAMS.parent / "stand_in"
VERBS = {"broadcast", "all_gather_v", "all_to_all_v", "all_reduce"}


def with_nccl(**more):
    return {"LD_LIBRARY_PATH": f"{STAND_IN}:{os.environ.get('LD_LIBRARY_PATH', '')}", **more}


class CommBench(harness.Case):

    def bench(self, ranks, *arguments, env=None):
        return harness.sweep(ranks, "--from", "8", "--to", "4KiB", "--factor", "8", "--repetitions", "2", *arguments,
                             env=env, program="comm_bench")

    def test_every_verb_over_every_way(self):
        file = self.folder / "table.csv"
        for ranks in (1, 2):
            self.assert_ok(self.bench(ranks, "--over", "mpi,nccl", "--csv", file, env=with_nccl()))
            with file.open(newline="") as text:
                rows = list(csv.DictReader(text))
            ways = {way: {row["verb"] for row in rows if row["over"] == way} for way in {row["over"] for row in rows}}
            self.assertEqual(ways, {"mpi": VERBS, "nccl": VERBS - {"all_reduce"}, "nccl, staged": {"all_to_all_v"}})
            self.assertTrue(all(row["exact"] == "true" for row in rows))
            self.assertTrue(all(float(row["seconds"]) > 0 for row in rows))
            self.assertEqual({row["ranks"] for row in rows}, {str(ranks)})
            factors = {row["verb"]: float(row["factor"]) for row in rows}
            others = (ranks - 1) / ranks
            self.assertEqual(factors, {"broadcast": 1, "all_gather_v": others, "all_to_all_v": others, "all_reduce": 2 * others})
            for row in rows:
                self.assertAlmostEqual(float(row["bus_gb_per_s"]),
                                       float(row["algorithm_gb_per_s"]) * float(row["factor"]), delta=1e-5)

    def test_without_nccl_it_is_left_out_unless_asked_for(self):
        nowhere = with_nccl(DREAM_STAND_IN_GPUS="1")
        left_out = self.bench(2, "--verbs", "broadcast", env=nowhere)
        self.assert_ok(left_out)
        self.assertIn("# without NCCL: ranks 0 and 1 share GPU", left_out.text)
        asked = self.bench(2, "--over", "nccl", env=nowhere)
        self.assertEqual(asked.code, 6, asked)
        self.assertEqual(asked.text.count("comm_bench: --over nccl cannot be"), 1, asked)


harness.main()
