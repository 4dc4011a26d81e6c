"""Documents, golden questions and results on S3, and dream_ingest, against a real service that checks signatures
(object_store.py). Equal results to local files is what all of it must show.
"""
import csv
import json
import os
import random
import subprocess
import unittest

import harness
import object_store

ODD_NAMES = ["plain.txt", "with space.txt", "a+b.txt", "100%25 & more.txt", "50%.txt", "ünïcode-日本.txt", "q?x=1#y.txt",
             "quote'\"s.txt", "deep/er/~tilde (1).txt", "semi;colon,comma@at$.txt", "<xml>&amp;.txt", "back\\slash.txt"]


def start(new_service):
    """The cases talk to this service, through a proxy."""
    global service, proxy, client
    service = new_service
    proxy = object_store.Proxy(service.port)
    client = object_store.Client(proxy.port)


def stop():
    proxy.close()
    service.close()


def setUpModule():
    start(object_store.Swift())


def tearDownModule():
    stop()


class S3Case(harness.Case):
    """A case with a bucket of its own."""

    def setUp(self):
        super().setUp()
        proxy.every, proxy.refusal = 0, None
        self.bucket = "b" + self._testMethodName.replace("_", "-").lower()[5:45].strip("-")
        client.make_bucket(self.bucket)
        self.env = {"AWS_ACCESS_KEY_ID": object_store.ACCESS, "AWS_SECRET_ACCESS_KEY": object_store.SECRET,
                    "AWS_ENDPOINT_URL_S3": proxy.url, "AWS_REGION": object_store.REGION, "HOME": str(self.folder)}
        proxy.forget()

    def url(self, key):
        return f"s3://{self.bucket}/{key}"

    def ingest(self, *arguments, ranks=0, env=None):
        program = [str(harness.PROGRAMS / "dream_ingest"), *map(str, arguments)]
        command = program if ranks == 0 else [harness.MPIEXEC, "-n", str(ranks), "--oversubscribe", *program]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=harness.HANG, stdin=subprocess.DEVNULL,
                               env={**harness.environment(), **self.env, **(env or {})})
        return harness.Ended(ended.returncode, ended.stdout + ended.stderr, 0)

    def sweep(self, ranks, *arguments, env=None):
        return harness.sweep(ranks, *arguments, env={**self.env, **(env or {})})


class Ingest(S3Case):

    def setUp(self):
        super().setUp()
        self.files = self.folder / "files"
        self.contents = {}
        for number, name in enumerate(ODD_NAMES):
            self.contents[name] = f"This is document number {number}.\n".encode()
        self.contents["empty.txt"] = b""
        for name, content in self.contents.items():
            (self.files / name).parent.mkdir(parents=True, exist_ok=True)
            (self.files / name).write_bytes(content)

    def stored(self, prefix):
        keys = client.list(self.bucket, prefix + "/")
        return {key[len(prefix) + 1:]: client.get(self.bucket, key) for key in keys if not key.endswith(".dream_ingest.json")}

    def test_odd_names_arrive_and_a_second_time_puts_nothing(self):
        for ranks, prefix in ((0, "one"), (3, "a three+ö")):
            with self.subTest(ranks=ranks):
                self.assert_ok(self.ingest(self.files, self.url(prefix), ranks=ranks))
                self.assertEqual(self.stored(prefix), self.contents)
                proxy.forget()
                again = self.ingest(self.files, self.url(prefix), ranks=ranks)
                self.assert_ok(again)
                self.assertIn(f"0 put, {len(self.contents)} unchanged, 0 failed", again.text)
                self.assertEqual(proxy.count("PUT"), 0, proxy.requests)
                self.assertEqual(proxy.count("POST"), 0, proxy.requests)
        manifest = json.loads(client.get(self.bucket, "one/.dream_ingest.json"))
        self.assertEqual({entry["key"] for entry in manifest["objects"]}, {"one/" + name for name in self.contents})

    def test_what_changed_is_put_and_what_others_brought_stays_in_the_manifest(self):
        self.assert_ok(self.ingest(self.files, self.url("p")))
        (self.files / "plain.txt").write_bytes(b"This is document number 9.\n")  # of the same length
        more = self.folder / "more"
        more.mkdir()
        (more / "new.txt").write_text("new")
        self.assertIn("1 put, 12 unchanged", self.ingest(self.files, self.url("p")).text)
        self.assertIn("1 put, 0 unchanged", self.ingest(more, self.url("p")).text)
        self.assertEqual(client.get(self.bucket, "p/plain.txt"), b"This is document number 9.\n")
        manifest = json.loads(client.get(self.bucket, "p/.dream_ingest.json"))
        self.assertEqual(len(manifest["objects"]), len(self.contents) + 1)

    def test_an_interrupted_ingest_goes_on(self):
        """Objects that were put before the manifest was are not put again."""
        self.assert_ok(self.ingest(self.files, self.url("p")))
        client.ask("DELETE", self.bucket, "p/.dream_ingest.json")
        client.ask("DELETE", self.bucket, "p/plain.txt")
        self.assertIn(f"1 put, {len(self.contents) - 1} unchanged", self.ingest(self.files, self.url("p")).text)

    def test_a_long_file_goes_in_parts(self):
        content = random.Random(1).randbytes(34 * 1024 * 1024 + 17)
        for name in os.listdir(self.files):
            if name != "deep":
                (self.files / name).unlink()
        (self.files / "long 1.bin").write_bytes(content)
        proxy.every = 4  # parts fail, too
        self.assert_ok(self.ingest(self.files, self.url("p")))
        proxy.every = 0
        self.assertEqual(client.get(self.bucket, "p/long 1.bin"), content)
        self.assertTrue(client.list(self.bucket, "p/long")["p/long 1.bin"][1].endswith("-3"))
        self.assertIn("0 put, 2 unchanged", self.ingest(self.files, self.url("p")).text)

    def test_web_addresses_are_brought(self):
        """The service itself is a web server: an address that it refuses is a failure of its own."""
        web = object_store.Proxy(service.port)
        try:
            addresses = self.folder / "urls.txt"
            addresses.write_text(f"# two\n{web.url}/info?x=1\n{web.url}/healthcheck/none.pdf\n")
            ended = self.ingest("--urls", addresses, self.url("w"))
        finally:
            web.close()
        self.assertEqual(ended.code, harness.INPUT, ended)
        self.assertIn("1 put, 0 unchanged, 1 failed", ended.text)
        self.assertIn("none.pdf", ended.text)
        self.assertIn(b"swift", client.get(self.bucket, "w/info"))

    def test_two_sources_of_one_name_are_refused(self):
        other = self.folder / "other"
        other.mkdir()
        (other / "plain.txt").write_text("another")
        ended = self.ingest(self.files, other, self.url("p"), ranks=2)
        self.assertEqual(ended.code, harness.INPUT, ended)
        self.assertIn("p/plain.txt", ended.text)
        self.assertEqual(proxy.count("PUT"), 0)


class Sweep(S3Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=24, questions=6)
        local = harness.write_config(self.folder / "local", self.corpus, self.golden, buckets=8)
        self.assert_ok(harness.sweep(0, local))
        self.local = harness.tables(self.folder / "local")

    def config(self, name, **how):
        return harness.write_config(self.folder / name, self.url("docs"), self.golden, buckets=8, **how)

    def test_results_are_those_of_local_files_and_each_document_is_fetched_once(self):
        client.put_folder(self.bucket, "docs", self.corpus)
        client.put(self.bucket, "docs/.hidden.txt", b"no document")
        client.put(self.bucket, "docs-2/other.txt", b"a sibling that begins alike")
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                proxy.forget()
                config = self.config(f"s3-{ranks}")
                self.assert_ok(self.sweep(ranks, config))
                self.assert_same_tables(self.local, harness.tables(config.parent), f"S3 on {ranks} ranks")
                self.assertEqual(proxy.count("GET", "/docs/doc"), 24)
                self.assertEqual(list((config.parent / "state" / "objects" / "bytes").glob("*")), [])
                proxy.forget()
                self.assert_ok(self.sweep(ranks, config))
                self.assertEqual(proxy.count("GET", "/docs/doc"), 0, "a second run fetches nothing")
                self.assert_same_tables(self.local, harness.tables(config.parent), "again")

    def test_without_a_cache_documents_are_fetched_twice_and_nothing_else_changes(self):
        client.put_folder(self.bucket, "docs", self.corpus)
        proxy.forget()
        config = self.config("uncached")
        self.assert_ok(self.sweep(2, config, "--set", "s3.cache_mb=0", "--set", "s3.in_flight=2"))
        self.assertEqual(proxy.count("GET", "/docs/doc"), 48)
        self.assert_same_tables(self.local, harness.tables(config.parent), "without a cache")

    def test_the_bucket_in_the_name_of_the_host(self):
        client.put_folder(self.bucket, "docs", self.corpus)
        config = self.config("host")
        proxy.forget()
        self.assert_ok(self.sweep(2, config, "--set", 's3.addressing="virtual"', "--set",
                                  f's3.endpoint="http://localhost:{proxy.port}"'))
        self.assertGreater(proxy.count("GET", " /docs/doc0000.txt"), 0, "no bucket in the path")
        self.assert_same_tables(self.local, harness.tables(config.parent), "virtual hosts")

    def test_golden_file_and_output_on_s3(self):
        client.put_folder(self.bucket, "docs", self.corpus)
        client.put(self.bucket, "gold en/golden+1.csv", self.golden.read_bytes())
        config = self.config("all")
        proxy.forget()
        ended = self.sweep(2, config, "--set", f'golden.file="{self.url("gold en/golden+1.csv")}"', "--set",
                           f'sweep.output="{self.url("out")}"')
        self.assert_ok(ended)
        self.assertIn(self.url("out"), ended.text)
        for name, content in self.local.items():
            self.assertEqual(client.get(self.bucket, "out/" + name), content, name)
        puts = [line for line in proxy.requests if line.startswith("PUT")]
        self.assertTrue(puts[-1].endswith("/out/manifest.json"), "the manifest comes last")
        keys = client.list(self.bucket, "out/")
        self.assertTrue({"out/report.html", "out/best.toml", "out/sweep.h5", "out/sweep.log"} <= keys.keys(), keys)
        self.assertNotIn("out/.dream_writable", keys)
        self.assertNotIn(object_store.SECRET.encode(), client.get(self.bucket, "out/sweep.log"))
        best = self.folder / "best.toml"
        best.write_bytes(client.get(self.bucket, "out/best.toml"))
        self.assertIn(f'output = "{self.url("out")}"', best.read_text())

    def long_golden(self):
        """The same questions in a file that ranks read in blocks: a column that nobody asks for is long, and full of
        quoted line ends."""
        long = self.folder / "long" / "long.csv"
        long.parent.mkdir()
        with self.golden.open(newline="") as short, long.open("w", newline="") as file:
            rows = list(csv.reader(short))
            out = csv.writer(file)
            out.writerow([*rows[0], "notes"])
            for number, row in enumerate(rows[1:]):
                out.writerow([*row, f'{number} "said",\r\n' * 300_000])
        self.assertGreater(long.stat().st_size, 2 * (8 << 20))
        return long

    def test_a_long_golden_file_is_read_in_blocks(self):
        config = self.config("blocks")
        ended = harness.sweep(3, config, "--set", f'golden.file="{self.long_golden()}"', "--set", f'corpus.sources=["{self.corpus}"]')
        self.assert_ok(ended)
        self.assert_same_tables(self.local, harness.tables(config.parent), "blocks")

    def test_faults_change_nothing(self):
        """Every tenth request is answered with 500 or its connection is reset, before or after it has worked."""
        proxy.every = 10
        self.assert_ok(self.ingest(self.corpus, self.url("docs"), ranks=2))
        self.assert_ok(self.ingest(self.long_golden(), self.url("golden")))
        config = self.config("faults")
        proxy.forget()
        self.assert_ok(self.sweep(3, config, "--set", f'sweep.output="{self.url("out")}"', "--set",
                                  f'golden.file="{self.url("golden/long.csv")}"'))
        # Its head, the header's block, and three blocks in ranges of 4 MiB.
        self.assertGreaterEqual(proxy.count("GET", "golden/long.csv"), 1 + 2 + 5)
        self.assertGreater(proxy.broken, 5)
        proxy.every = 0
        for name, content in self.local.items():
            self.assertEqual(client.get(self.bucket, "out/" + name), content, name)

    def test_an_object_that_changes_is_another_document(self):
        client.put_folder(self.bucket, "docs", self.corpus)
        config = self.config("changes")
        self.assert_ok(self.sweep(0, config))
        client.put(self.bucket, "docs/doc0003.txt", b"Nothing of old is here.\n")
        proxy.forget()
        self.assert_ok(self.sweep(0, config))
        # The changed one, and those that share its bucket and whose bytes nobody kept.
        self.assertGreaterEqual(proxy.count("GET", "/docs/doc0003"), 1)
        self.assertLess(proxy.count("GET", "/docs/doc"), 24)
        self.assertNotEqual(self.local["chunks.csv"], harness.tables(config.parent)["chunks.csv"])


class BadInput(S3Case):
    """A clear error that names bucket and endpoint, once, before anything is made."""

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=4, questions=2)

    def refused(self, source, code, *words, env=None, more=()):
        config = harness.write_config(self.folder / "sweep", source, self.golden, buckets=8)
        for ranks, arguments in ((0, ("--check",)), (3, ())):
            ended = self.sweep(ranks, config, *arguments, *more, env=env)
            self.assert_refused(ended, code, *words)
            self.assertNotIn("wrong-secret", ended.text)
        self.assertFalse(list((self.folder / "sweep" / "state").glob("parts/*/*")))

    def test_wrong_keys(self):
        client.put(self.bucket, "docs/a.txt", b"text")
        self.refused(self.url("docs"), harness.ENDPOINT, "SignatureDoesNotMatch", self.bucket, proxy.url, "the environment",
                     env={"AWS_SECRET_ACCESS_KEY": "wrong-secret"})
        self.assertEqual(self.ingest(self.corpus, self.url("docs"), env={"AWS_SECRET_ACCESS_KEY": "wrong-secret"}).code,
                         harness.ENDPOINT)

    def test_no_keys(self):
        self.refused(self.url("docs"), harness.CONFIG, "AWS_ACCESS_KEY_ID", "s3.anonymous",
                     env={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})

    def test_an_expired_token(self):
        client.put(self.bucket, "docs/a.txt", b"text")
        proxy.refusal = (400, "ExpiredToken")
        self.refused(self.url("docs"), harness.ENDPOINT, "ExpiredToken", "expired", self.bucket, proxy.url,
                     env={"AWS_SESSION_TOKEN": "old"})
        self.refused(self.corpus, harness.ENDPOINT, "expired", env={"AWS_SESSION_TOKEN": "old"},
                     more=("--set", f'golden.file="{self.url("golden.csv")}"'))

    def test_a_missing_bucket(self):
        self.refused("s3://nobody-made-this/docs", harness.ENDPOINT, "nobody-made-this", proxy.url, "check its name")
        ended = self.ingest(self.corpus, "s3://nobody-made-this/docs", ranks=2)
        self.assertEqual(ended.code, harness.ENDPOINT, ended)
        self.assertIn("nobody-made-this", ended.text)

    def test_a_missing_bucket_for_results(self):
        self.refused(self.corpus, harness.ENDPOINT, "nobody-made-this",
                     more=("--set", 'sweep.output="s3://nobody-made-this/out"'))

    def test_an_empty_prefix(self):
        client.put(self.bucket, "docs/a.txt", b"text")
        self.refused(self.url("doc"), harness.INPUT, "no objects here", self.url("doc"), proxy.url)

    def test_a_bucket_without_documents(self):
        client.put(self.bucket, "films/a.mp4", b"film")
        client.put(self.bucket, "films/b.jpg", b"picture")
        self.refused(self.url("films"), harness.INPUT, "none of the 2 objects is a document", "a.mp4", proxy.url)

    def test_a_missing_golden_file(self):
        self.refused(self.corpus, harness.INPUT, "no such object", "golden.csv",
                     more=("--set", f'golden.file="{self.url("golden.csv")}"'))

    def test_a_broken_row_of_the_golden_file(self):
        client.put(self.bucket, "golden.csv", self.golden.read_bytes() + b'"never closed,x,y,z\n')
        self.refused(self.corpus, harness.INPUT, self.url("golden.csv"), "line 4", "quote",
                     more=("--set", f'golden.file="{self.url("golden.csv")}"'))

    def test_nobody_at_the_endpoint(self):
        nobody = f"http://127.0.0.1:{object_store.free_port()}"
        self.refused(self.url("docs"), harness.ENDPOINT, "s3.endpoint", nobody, env={"AWS_ENDPOINT_URL_S3": nobody})


if __name__ == "__main__":
    harness.main()
