"""A golden CSV of a gigabyte: the same questions on 1, 2 and 4 ranks, from a file and from S3 with faults, and less than
200 MB a rank, whatever stands where the blocks of ranks meet. DREAM_GOLDEN_BYTES makes it shorter or longer.
"""
import os
import pathlib
import random
import re
import subprocess
import unittest

import harness
import object_store

BYTES = int(os.environ.get("DREAM_GOLDEN_BYTES", 10**9))
BLOCK = 8 << 20  # sweep::GoldenBlocks
HEADER = b"user_input,reference,reference_contexts,sources\r\n"

# What a cut between two blocks divides: line ends inside quotes, a pair of quotes, the end of a row.
DIVIDED = [b"\r\n", b"\n\n", b'""', b"\n\"\"", b"row end"]


def make_golden(path, total):
    """Rows as ragas' testsets have them: long contexts with line ends and quotes. Returns their number."""
    rng = random.Random(4)
    words = [bytes(rng.choices(b"aeiounrstlkd", k=rng.randint(2, 9))) for _ in range(3000)]
    pool = b" ".join(rng.choices(words, k=60000)).replace(b" k", b'\r\n""k""').replace(b" d", b",\n")
    pool = pool.replace(b'"', b"") .replace(b"\r\nu", b'""u""')
    rows, at, edge = 0, 0, BLOCK
    with path.open("wb") as file:
        file.write(HEADER)
        while at < total:
            begin = rng.randrange(len(pool) - 9000)
            text = pool[begin:begin + rng.randint(3000, 9000)]
            text = text.strip(b'"')
            head = b'"Question %d, ""%s""?",Answer %d,"' % (rows, rng.choice(words), rows)
            tail = b'",doc%04d.txt\r\n' % (rows % 40)
            if edge - at < 12000:  # this row lies across the edge of two blocks
                kind = DIVIDED[(edge // BLOCK) % len(DIVIDED)]
                if kind == b"row end":
                    text = b"x" * (edge + 1 - at - len(head) - len(tail))
                else:
                    text = b"y" * (edge - at - len(head) - 1) + kind + b"z" * 2000
                edge += BLOCK
            row = head + text + tail
            file.write(row)
            at += len(row)
            rows += 1
    return rows


class GoldenBlocks(harness.Case):

    def read(self, ranks, place, env=None):
        command = [harness.MPIEXEC, "-n", str(ranks), "--oversubscribe", str(harness.PROGRAMS / "golden_bench"), str(place)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
                               env={**harness.environment(), **(env or {})})
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        print(f"{ranks} ranks, {place}:\n{ended.stdout}", flush=True)
        count, digest, _ = re.match(r"(\d+) questions (\w+) ([\d.]+) seconds", ended.stdout).groups()
        self.assertNotIn("OTHER", ended.stdout)
        peaks = [int(kib) for kib in re.findall(r"(\d+) at most", ended.stdout)]
        self.assertEqual(len(peaks), ranks)
        for peak in peaks:
            self.assertLess(peak * 1024, 200e6, ended.stdout)
        return int(count), digest

    def test_same_questions_on_any_number_of_ranks(self):
        golden = self.folder / "golden.csv"
        rows = make_golden(golden, BYTES)
        one = self.read(1, golden)
        self.assertEqual(one[0], rows)
        for ranks in (2, 4):
            self.assertEqual(self.read(ranks, golden), one)

    def test_from_s3_with_faults(self):
        golden = self.folder / "golden.csv"
        rows = make_golden(golden, min(BYTES, 10**8))
        one = self.read(1, golden)
        self.assertEqual(one[0], rows)
        swift = object_store.Swift()
        self.addCleanup(swift.close)
        proxy = object_store.Proxy(swift.port)
        self.addCleanup(proxy.close)
        client = object_store.Client(proxy.port)
        client.make_bucket("golden")
        client.put("golden", "a+b/golden 1.csv", golden.read_bytes())
        proxy.every = 10
        env = {"AWS_ACCESS_KEY_ID": object_store.ACCESS, "AWS_SECRET_ACCESS_KEY": object_store.SECRET,
               "AWS_ENDPOINT_URL_S3": proxy.url, "AWS_REGION": object_store.REGION, "HOME": str(self.folder)}
        for ranks in (1, 3):
            proxy.forget()
            self.assertEqual(self.read(ranks, "s3://golden/a+b/golden 1.csv", env), one)
            pieces = proxy.count("GET", "golden%201.csv")
            self.assertGreaterEqual(pieces, golden.stat().st_size // (4 << 20))
        self.assertGreater(proxy.broken, 2)


if __name__ == "__main__":
    harness.main()
