"""What the tests of the whole program share: a corpus made from a seed, a config, and a sweep under mpirun.

A scenario is a file of unittest cases that ends with `harness.main()`. CTest tells where the programs are
(DREAM_PROGRAMS) and which launcher to use (MPIEXEC). Everything happens in a folder of its own under TMPDIR, which stays
when a case fails.
"""
import csv
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("DREAM_PROGRAMS", SOURCE / "build/release/bin"))
MPIEXEC = os.environ.get("MPIEXEC") or "mpirun"

# The words with which Open MPI 5 keeps a job whose rank has died; none where MPI ends the job (DREAM_FT unset).
SURVIVING = ["--with-ft", os.environ["DREAM_FT"]] if os.environ.get("DREAM_FT") else []

HANG = 120  # seconds after which a sweep that should have ended is a hang

OK, BUG, CONFIG, INPUT, ENDPOINT, STATE, DEVICE, BUDGET, RESUMABLE = 0, 1, 2, 3, 4, 5, 6, 7, 75
STAGES = ["read", "gold", "chunk", "embed", "query", "index", "search", "select", "score"]

METHODS = """
  { name = "overlap", size = 64, overlap = 16 },
  { name = "sentence_window", window = 1 },
  { name = "hierarchical", sizes = [128, 64, 32] },
"""

CONFIG_TEXT = """
[sweep]
name = "e2e"
state = "{folder}/state"
output = "{folder}/results"
coordinator = "{coordinator}"
[corpus]
sources = ["{corpus}"]
buckets = {buckets}
[golden]
file = "{golden}"
[models.small]
kind = "hash"
dimension = 64
[models.wide]
kind = "hash"
dimension = 96
[models.quote]
kind = "extractive"
[device]
threads = 1
[space]
method = [{methods}]
embedder = {embedders}
top_k = [2, 4]
llm = "quote"
{more}
"""


# ---- corpus -------------------------------------------------------------------------------------------------------

def make_corpus(folder, documents=40, questions=12, sentences=40, seed=1):
    """Text files of similar size with invented facts, and a golden CSV that asks for some of them. Returns (corpus folder,
    golden file). The same arguments make the same bytes."""
    rng = random.Random(seed)
    syllables = "ba be da do fa ga ho ka ki la li ma mo na ne no pa ra re ri sa so ta ti to va ve wa zu".split()

    def word(n):
        return "".join(rng.choice(syllables) for _ in range(n))

    vocabulary = [word(rng.randint(1, 3)) for _ in range(600)]
    corpus = pathlib.Path(folder) / "corpus"
    corpus.mkdir(parents=True)
    facts = []
    for d in range(documents):
        lines = []
        for s in range(sentences):
            words = [rng.choice(vocabulary) for _ in range(rng.randint(6, 14))]
            lines.append(" ".join(words).capitalize() + ".")
        place, town = word(4).capitalize(), word(3).capitalize()
        fact = f"The largest town of {place} is {town}."
        lines[rng.randrange(sentences)] = fact
        paragraphs = [" ".join(lines[i:i + 5]) for i in range(0, sentences, 5)]
        (corpus / f"doc{d:04}.txt").write_text("\n\n".join(paragraphs) + "\n")
        facts.append((f"What is the largest town of {place}?", town, fact, f"doc{d:04}.txt"))
    golden = pathlib.Path(folder) / "golden.csv"
    with golden.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["question", "ground_truth", "contexts", "sources"])
        for question, answer, fact, name in rng.sample(facts, min(questions, documents)):
            out.writerow([question, answer, json.dumps([fact]), json.dumps([name])])
    return corpus, golden


def write_config(folder, corpus, golden, name="sweep.toml", coordinator="auto", buckets=64, methods=METHODS,
                 embedders='["small", "wide"]', more=""):
    """A sweep of 3 methods x 2 embedders x 2 top_k whose state and output are in `folder`."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(CONFIG_TEXT.format(folder=folder, corpus=corpus, golden=golden, coordinator=coordinator,
                                       buckets=buckets, methods=methods, embedders=embedders, more=more))
    return path


# ---- running ------------------------------------------------------------------------------------------------------

class Ended:
    """How a sweep ended."""

    def __init__(self, code, text, seconds):
        self.code, self.text, self.seconds = code, text, seconds

    def __str__(self):
        return f"exit code {self.code} after {self.seconds:.1f} s\n{self.text}"


def environment():
    env = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMP_NUM_THREADS="1",
               OMP_WAIT_POLICY="passive", LC_ALL="C.UTF-8")
    return env


def command(ranks, *arguments, wrapper=(), program="dream_sweep", surviving=None):
    """ranks = 0: without mpirun. `surviving`: the words for mpirun instead of SURVIVING."""
    line = [*map(str, wrapper), str(PROGRAMS / program), *map(str, arguments)]
    return line if ranks == 0 else [MPIEXEC, *(SURVIVING if surviving is None else surviving), "-n", str(ranks), "--oversubscribe", *line]


class Job:
    """A running sweep. Its output goes to a file, so that nothing blocks on a pipe. Its launcher has a folder of its own for what
    it leaves when it is killed: Open MPI 5 does not start where it finds the files of another one with its process number."""

    def __init__(self, ranks, *arguments, wrapper=(), prefix=(), cwd=None, env=None, program="dream_sweep", surviving=None):
        self.log = tempfile.TemporaryFile()
        self.session = tempfile.TemporaryDirectory(prefix="dream_session_", ignore_cleanup_errors=True)
        self.start = time.monotonic()
        line = command(ranks, *arguments, wrapper=wrapper, program=program, surviving=surviving)
        self.process = subprocess.Popen([*prefix, *line], stdout=self.log,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                                        cwd=cwd, env={**environment(), "PRTE_MCA_prte_tmpdir_base": self.session.name,
                                                      **(env or {})})

    def rank_processes(self):
        """{rank: process id} of the ranks that run now."""
        found = {}
        for pid in descendants(self.process.pid):
            try:
                name = os.readlink(f"/proc/{pid}/exe")
                variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if not name.endswith("/dream_sweep"):
                continue
            rank = next((v.split(b"=")[1] for v in variables if v.startswith(b"OMPI_COMM_WORLD_RANK=")), b"0")
            found[int(rank)] = pid
        return found

    def wait(self, timeout=HANG):
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the sweep hung for {timeout} s:\n{self.kill_all().text}") from None
        return self.ended(code)

    def ended(self, code):
        text = self.text()
        self.log.close()
        self.session.cleanup()
        return Ended(code, text, time.monotonic() - self.start)

    def text(self):
        # Not by seek(): the job writes at the same offset.
        return os.pread(self.log.fileno(), os.fstat(self.log.fileno()).st_size, 0).decode(errors="replace")

    def kill_all(self):
        """SIGKILL to launcher and ranks and their readers: the power cut."""
        for pid in [self.process.pid, *descendants(self.process.pid)]:
            signal_quietly(pid, signal.SIGKILL)
        return self.ended(self.process.wait())


def signal_quietly(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def descendants(pid):
    """Process ids below `pid`, from /proc."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def survives():
    return bool(SURVIVING)


def built_with_cuda():
    return "cuda: nvcc" in subprocess.run([PROGRAMS / "dream_sweep", "--version"], capture_output=True, text=True, check=True).stdout


def sweep(ranks, *arguments, timeout=HANG, **how):
    """Runs a sweep to its end."""
    return Job(ranks, *arguments, **how).wait(timeout)


# ---- what a sweep left --------------------------------------------------------------------------------------------

def tables(folder):
    """The bytes that must not depend on ranks, kills or clocks."""
    results = pathlib.Path(folder) / "results"
    return {name: (results / name).read_bytes() for name in ("results.csv", "questions.csv", "chunks.csv")}


def manifest(folder):
    return json.loads((pathlib.Path(folder) / "results" / "manifest.json").read_text())


def rows(folder, name):
    with (pathlib.Path(folder) / "results" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def part_digests(folder):
    """{part file: digest of its bytes} of the sealed parts."""
    parts = pathlib.Path(folder) / "state" / "parts"
    return {str(p.relative_to(parts)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(parts.rglob("*.*"))}


def part_stamps(folder):
    """{part file: what changes when it is written again}. An index file whose part is not there yet belongs to nothing: it
    is sealed first, and a kill between the two makes the next run write both."""
    parts = pathlib.Path(folder) / "state" / "parts"
    stamps = {}
    for path in parts.rglob("*.*"):
        if not path.with_suffix(".h5").exists():
            continue
        found = path.stat()
        stamps[str(path.relative_to(parts))] = (found.st_ino, found.st_mtime_ns, found.st_size)
    return stamps


def sealed(folder):
    """How many parts are sealed (files beside a part do not count)."""
    return sum(name.endswith(".h5") for name in part_stamps(folder))


def made_now(folder):
    return {stage: entry["parts_made_now"] for stage, entry in manifest(folder)["stages"].items()}


# ---- cases --------------------------------------------------------------------------------------------------------

class Case(unittest.TestCase):
    """A case with a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"dream_{self._testMethodName[:40]}_"))

    def tearDown(self):
        failed = any(error for _, error in getattr(self._outcome, "errors", [])) if hasattr(
            self._outcome, "errors") else not self._outcome.success
        if failed:
            print(f"left for you: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def assert_ok(self, ended):
        self.assertEqual(ended.code, OK, ended)

    def assert_refused(self, ended, code, *words, once=True):
        """Ended with `code`, and said so with these words: once, whatever the number of ranks."""
        self.assertEqual(ended.code, code, ended)
        for word in words:
            self.assertIn(word, ended.text)
        if once:
            self.assertEqual(messages(ended.text), 1, f"not one message:\n{ended.text}")

    def assert_same_tables(self, one, other, what):
        for name, expected in one.items():
            self.assertTrue(expected, f"{name} is empty")
            self.assertEqual(expected, other[name], f"{name} differs: {what}")


def messages(text):
    """How many error messages of ours a log holds; lines of the launcher do not count."""
    return sum(line.startswith(("dream_sweep: ", "dream_golden: ")) for line in text.splitlines())


def data_folder():
    """Real documents, or the end of the program as skipped."""
    path = pathlib.Path(os.environ.get("DREAM_REALDATA") or SOURCE.parent / "shared" / "data")
    if not (path / "squad").exists():
        raise unittest.SkipTest(f"real documents are not at {path} (set DREAM_REALDATA)")
    return path


def minilm():
    path = pathlib.Path(os.environ.get("DREAM_MODELS") or SOURCE / "models") / "all-MiniLM-L6-v2"
    if not (path / "config.json").exists():
        raise unittest.SkipTest(f"no model at {path} (bash jobs/fetch_minilm.sh brings it)")
    return path


def main():
    """Runs the cases of the calling file. Exit code 77 when all of them were skipped."""
    outcome = unittest.main(module="__main__", exit=False, verbosity=2).result
    for case, reason in outcome.skipped:
        print(f"SKIPPED: {case}: {reason}")
    if not outcome.wasSuccessful():
        sys.exit(1)
    # A class that is skipped as a whole counts as skipped, and none of its cases as run.
    sys.exit(77 if outcome.skipped and len(outcome.skipped) >= outcome.testsRun else 0)
