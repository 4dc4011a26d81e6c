"""What a user gets wrong is told once, by name, with what to do, and ends with the exit code of docs/errors.md, before
anything is computed. Some cases run on three ranks, where one message must stay one.
"""
import os
import pathlib
import subprocess
import unittest
from unittest import mock

import harness
import language_endpoint
import local_server

UNPRIVILEGED = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class BadInput(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=6, questions=3)
        self.place = self.folder / "sweep"
        self.config = harness.write_config(self.place, self.corpus, self.golden, buckets=8)

    def refused(self, code, *words, set=(), arguments=(), ranks=0, config=None, starts=False, **how):
        overrides = [argument for key, value in set for argument in ("--set", f"{key}={value}")]
        ended = harness.sweep(ranks, config or self.config, *overrides, *arguments, timeout=60, **how)
        self.assert_refused(ended, code, *words)
        if not starts:
            self.assertFalse((self.place / "state" / "parts").exists(), "it worked before it looked at its input")

    # ---- the command line and the config

    def test_usage(self):
        for arguments, words in ((["--until", "embd"], ["embd", "did you mean", "embed"]),
                                 (["--list", "modles"], ["modles", "models"])):
            with self.subTest(arguments=arguments):
                self.refused(harness.CONFIG, *words, arguments=arguments)
        ended = harness.sweep(0)
        self.assert_refused(ended, harness.CONFIG, "name a config", "--help")
        ended = harness.sweep(0, self.config, "--frobnicate")
        self.assert_refused(ended, harness.CONFIG, "--frobnicate", "--help", once=False)

    def test_a_config_that_is_not_there(self):
        self.refused(harness.CONFIG, "no_such.toml", "No such file", config="no_such.toml", ranks=3)

    def test_wrong_config_values(self):
        for key, value, words in (("space.top_k", '["two"]', ["space.top_k", "two", "whole number"]),
                                  ("space.llm", '"qoute"', ["qoute", "quote"]),
                                  ("objective.maximize", '"ndgc"', ["ndgc", "ndcg"]),
                                  ("corpus.buckets", "7", ["corpus.buckets", "7", "power of two"])):
            with self.subTest(key=key):
                self.refused(harness.CONFIG, *words, set=[(key, value)])
        text = self.config.read_text().replace("coordinator", "cordinator")
        self.config.write_text(text)
        self.refused(harness.CONFIG, "cordinator", "coordinator", str(self.config), ranks=3)

    def test_what_is_forced_and_missing_is_an_error(self):
        """Invariant 8: never a silent substitute."""
        has_cuda = harness.built_with_cuda()
        with mock.patch.dict(os.environ, CUDA_VISIBLE_DEVICES=""):
            # A build without CUDA is another config's; a machine without a GPU is another machine's.
            self.refused(harness.DEVICE if has_cuda else harness.CONFIG, 'device.backend = "cuda"', '"cpu"', "on all 3 ranks",
                         set=[("device.backend", '"cuda"')], ranks=3)
        self.refused(harness.CONFIG, "judge.llm", set=[("judge.llm", '"quote"')])
        self.refused(harness.CONFIG, "objective.maximize", set=[("objective.maximize", '"meteor"')])
        self.refused(harness.CONFIG, "index.factory", "IFV64", set=[("index.factory", '"IFV64,Flat"')], ranks=3)

    # ---- documents

    def test_sources(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.refused(harness.INPUT, str(empty), "no documents", "corpus.sources", set=[("corpus.sources", f'["{empty}"]')])
        gone = self.folder / "gone"
        self.refused(harness.INPUT, str(gone), "No such file", set=[("corpus.sources", f'["{gone}"]')], ranks=3)

    def unprivileged(self):
        """What puts a program before root's eyes out of root's power; nothing when the tests do not run as root."""
        if os.geteuid() != 0:
            return []
        if subprocess.run([*UNPRIVILEGED, "test", "-x", harness.PROGRAMS / "dream_sweep"], capture_output=True).returncode:
            raise unittest.SkipTest("this runs as root, and setpriv cannot start the program as somebody else")
        for folder in [self.folder, *self.folder.rglob("*")]:
            folder.chmod(0o777 if folder.is_dir() else 0o666)
        return UNPRIVILEGED

    def test_a_source_that_may_not_be_read(self):
        somebody = self.unprivileged()
        self.corpus.chmod(0o000)
        try:
            self.refused(harness.INPUT, str(self.corpus), "Permission denied", prefix=somebody)
        finally:
            self.corpus.chmod(0o777)

    def test_a_document_that_may_not_be_read_is_a_row_not_an_end(self):
        somebody = self.unprivileged()
        closed = sorted(self.corpus.iterdir())[0]
        names = [line.split('""')[1] for line in self.golden.read_text().splitlines()[1:] if '""doc' in line]
        closed.chmod(0o000)
        ended = harness.sweep(0, self.config, "--set", 'golden.file="' + str(self.without_sources()) + '"', prefix=somebody)
        self.assert_ok(ended)
        failed = harness.manifest(self.place)["failed_documents"]
        self.assertEqual([f["document"] for f in failed], [closed.name], names)
        self.assertIn("Permission denied", failed[0]["detail"])

    def without_sources(self):
        file = self.folder / "plain.csv"
        file.write_text("question,ground_truth\nWhat is this?,A test.\n")
        file.chmod(0o666)
        return file

    def test_nearly_all_documents_without_text(self):
        for path in list(self.corpus.iterdir())[:5]:
            path.rename(path.with_suffix(".pdf"))
            path.with_suffix(".pdf").write_bytes(b"%PDF-1.4\nnothing " + path.name.encode())
        self.refused(harness.INPUT, "5 of 6 documents", "sweep.max_failed_documents", ranks=2, starts=True,
                     set=[("golden.file", f'"{self.without_sources()}"')])

    # ---- golden questions

    def test_golden_questions(self):
        def file(text):
            path = self.folder / "bad.csv"
            path.write_text(text)
            return [("golden.file", f'"{path}"')]

        self.refused(harness.INPUT, "gone.csv", "No such file", set=[("golden.file", '"gone.csv"')], ranks=3)
        self.refused(harness.INPUT, "bad.csv", "question", "the columns are: a, b", set=file("a,b\n1,2\n"), ranks=3)
        self.refused(harness.INPUT, "bad.csv", "row 2", "line 3", set=file("question,ground_truth\nq,a\n,b\n"))
        self.refused(harness.INPUT, "row 1", "doc9999.txt", "doc0000.txt",
                     set=file('question,ground_truth,sources\nq,a,"[""doc9999.txt""]"\n'))

    # ---- what costs money is asked for nothing

    def test_nothing_is_paid_for_a_round_that_cannot_end(self):
        """An answering model behind an endpoint hears nothing of a sweep whose golden file or MLflow is of no use."""
        endpoint = language_endpoint.Endpoint()
        self.addCleanup(endpoint.close)

        class OldServer(local_server.Handler):
            def do_GET(self):
                self.reply(200, b"1.30.0", "text/plain")

        old = local_server.Server(OldServer)
        self.addCleanup(old.close)
        self.config.write_text(self.config.read_text().replace('llm = "quote"', 'llm = "asked"') + f"""
[models.asked]
kind = "openai"
base_url = "{endpoint.url}"
model = "tiny"
api_key = {{ env = "E2E_CANARY_KEY" }}
""")
        env = {"E2E_CANARY_KEY": language_endpoint.KEY}
        whole = self.golden.read_text()
        for broken, words in ((whole + '"never closed,x,y,z\n', ["golden.csv", "line 5", "quote"]),
                              (whole + "a,b,c,d,e,f\n", ["golden.csv", "line 5", "6", "4"]),
                              (whole + ",answer,,\n", ["golden.csv", "row 4", "line 5", "question"]),
                              (whole + 'q,a,"[""no end""",\n', ["golden.csv", "row 4", "line 5", "contexts"])):
            self.golden.write_text(broken)
            for how in ({"arguments": ["--check"]}, {"ranks": 3}):
                with self.subTest(words=words, how=how):
                    self.refused(harness.INPUT, *words, env=env, **how)
        self.golden.write_text(whole)
        address = old.url.removesuffix("/v1")
        for how in ({"arguments": ["--check"]}, {"ranks": 3}):
            self.refused(harness.ENDPOINT, address, "1.30.0", "2.4 or later", "upgrade", env=env, set=[("tracking.uri", f'"{address}"')], **how)
        self.assertEqual(endpoint.requests, 0)

    # ---- models

    def test_model_folders(self):
        """Missing folder, missing file, truncated weights."""
        def with_model(path):
            config = self.config.read_text().replace('[models.quote]', f'[models.bert]\nkind = "transformer"\n'
                                                     f'path = "{path}"\n[models.quote]')
            other = self.place / "model.toml"
            other.write_text(config.replace('["small", "wide"]', '["bert"]'))
            return other

        folder = self.folder / "no_model"
        self.refused(harness.INPUT, str(folder), "Hugging Face model", config=with_model(folder), ranks=3)
        folder.mkdir()
        real = harness.minilm()
        for name in ("config.json", "tokenizer.json", "vocab.txt", "modules.json", "tokenizer_config.json"):
            if (real / name).exists():
                (folder / name).write_bytes((real / name).read_bytes())
        if (real / "1_Pooling").exists():
            (folder / "1_Pooling").symlink_to(real / "1_Pooling")
        self.refused(harness.INPUT, "model.safetensors", config=with_model(folder))
        with (real / "model.safetensors").open("rb") as weights:
            (folder / "model.safetensors").write_bytes(weights.read(1 << 20))
        self.refused(harness.INPUT, str(folder / "model.safetensors"), config=with_model(folder), ranks=3)

    # ---- state and output

    def test_folders_that_cannot_be_made(self):
        file = self.folder / "file"
        file.write_text("in the way")
        self.refused(harness.STATE, f"{file}/state", "Not a directory", set=[("sweep.state", f'"{file}/state"')], ranks=3)
        self.refused(harness.STATE, f"{file}/out", "Not a directory", set=[("sweep.output", f'"{file}/out"')], ranks=3)

    def test_folders_that_may_not_be_written(self):
        somebody = self.unprivileged()
        closed = self.folder / "closed"
        closed.mkdir()
        closed.chmod(0o555)
        for key in ("sweep.state", "sweep.output"):
            with self.subTest(key=key):
                self.refused(harness.STATE, str(closed), "Permission denied", set=[(key, f'"{closed}"')], prefix=somebody)

    def test_folders_of_our_own_inside_a_source(self):
        for key in ("sweep.state", "sweep.output"):
            with self.subTest(key=key):
                self.refused(harness.CONFIG, key, "corpus.sources", "move one of the two", set=[(key, f'"{self.corpus}/inside"')],
                             ranks=3)
                self.assertFalse((pathlib.Path(self.corpus) / "inside" / "parts").exists())

    def test_an_altered_index_is_refused(self):
        """A later search must not take its answers from bytes that somebody changed."""
        self.assert_ok(harness.sweep(2, self.config))
        for index in (self.place / "state" / "parts").glob("*/*.faiss"):
            bytes_ = bytearray(index.read_bytes())
            bytes_[-2] ^= 0x80  # the sign of the last float
            index.write_bytes(bytes_)
        self.refused(harness.STATE, ".faiss", "altered", "made again", set=[("space.top_k", "[1, 2, 3, 5]")], starts=True, ranks=2)

    # ---- two at once

    def test_a_second_sweep_on_the_same_state_is_refused_by_name(self):
        """The first one goes on and ends well."""
        first = harness.Job(2, self.config, "--test-fault", "score:1:stop")
        self.wait_for(lambda: "select" in first.text())
        host, process = next(iter((self.place / "state" / "active").iterdir())).read_text().split()[:2]
        other = harness.write_config(self.folder / "other", self.corpus, self.golden, buckets=8)
        self.refused(harness.STATE, "another sweep works here", host, process, "sweep.state", config=other, starts=True,
                     set=[("sweep.state", f'"{self.place}/state"')], ranks=2)
        stopped = first.rank_processes()[1]
        self.wait_for(lambda: pathlib.Path(f"/proc/{stopped}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
        harness.signal_quietly(stopped, harness.signal.SIGCONT)
        self.assert_ok(first.wait())
        self.assert_ok(harness.sweep(0, other, "--set", f'sweep.state="{self.place}/state"'))

    def wait_for(self, holds, seconds=60):
        until = harness.time.monotonic() + seconds
        while not holds():
            self.assertLess(harness.time.monotonic(), until, "it never came")
            harness.time.sleep(0.05)


harness.main()
