"""slurm/with_server.sbatch under a real Slurm: the server is started on its own node, waited for, asked, and taken down; one
that dies or never answers ends the job; stopped before the time limit, both components come back.
"""
import subprocess
import sys

import kit
from kit import harness

STUB = kit.HERE / "stub_server.py"
ONE = ("--nodes=1", "--ntasks-per-node=2", "--cpus-per-task=1", "--time=5")
# Component by component, divided by a colon; the nodes of the tests have few cores.
OPTIONS = (*ONE, ":", "--nodes=1", "--ntasks=1", "--cpus-per-task=1", "--gpus-per-node=1", "--time=5")
MODEL = '[models.asked]\nkind = "openai"\nbase_url = "${LLM_BASE_URL}"\nmodel = "tiny"\nattempts = 1\n'


class ServerJobs(kit.Case):

    @classmethod
    def write_config(cls, folder):
        config = harness.write_config(folder, cls.corpus, cls.golden, more=MODEL)
        if folder.name != "plain":
            config.write_text(config.read_text().replace('llm = "quote"', 'llm = "asked"'))
        return config

    @classmethod
    def setUpClass(cls):
        # The plain run asks nobody, but its config names the address.
        harness.os.environ["LLM_BASE_URL"] = "http://127.0.0.1:9/v1"
        super().setUpClass()

    def server(self, *words):
        return " ".join([sys.executable, str(STUB), "$DREAM_SERVER_PORT", *words])

    def submit_with(self, *words, options=OPTIONS, env=None):
        self.submit("with_server.sbatch", options=options, env={"DREAM_SERVER": self.server(*words), **(env or {})})

    def test_the_server_lives_as_long_as_the_sweep(self):
        self.submit_with()
        self.assertEqual(self.wait_for_end(), "0:0", self.text())
        self.assertIn("stub: listening on n2", self.text())
        self.assertIn("stub: asked to end", self.text())
        self.assertIn(b"Answer ", harness.tables(self.config.parent)["questions.csv"])
        hosts = str(harness.manifest(self.config.parent)["ranks"])
        self.assertIn("n1", hosts)
        self.assertNotIn("n2", hosts, "ranks on the node of the server")
        self.assertEqual(self.left_running(), [])

    def test_a_pipeline_starts_the_server_for_its_last_job_alone(self):
        self.pipeline(answer=" ".join(OPTIONS), env={"DREAM_SERVER": self.server()})
        self.assertEqual(self.wait_for_end(), "0:0", self.text())
        self.assertEqual(self.text().count("stub: listening on"), 1, self.text())
        self.assertEqual(harness.made_now(self.config.parent)["search"], 0, "the last job retrieved again")
        self.assertIn(b"Answer ", harness.tables(self.config.parent)["questions.csv"])

    def left_running(self):
        """Servers, too."""
        mine = [STUB.name.encode(), str(self.config).encode()]
        return [p for p in harness.pathlib.Path("/proc").glob("[0-9]*/cmdline")
                if any(word in kit.read_quietly(p) for word in mine)]

    def test_a_server_that_dies_ends_the_job(self):
        self.submit_with("--die")
        self.assertEqual(self.wait_for_end(), "4:0", self.text())
        self.assertIn("the server ended before it answered", self.text())

    def test_a_server_that_never_answers_ends_the_job(self):
        self.submit_with("--silent", env={"DREAM_SERVER_WAIT": "3"})
        self.assertEqual(self.wait_for_end(), "4:0", self.text())
        self.assertIn("no answer from http://n2:", self.text())
        self.wait_until(lambda: not self.left_running(), "without its server")

    def test_a_server_that_never_answers_ends_the_job_before_its_time_limit(self):
        """The signal is Slurm's own here; the limit is the shortest that there is."""
        self.submit_with("--silent", options=["--time=1" if word == "--time=5" else word for word in ("--signal=B:USR1@30", *OPTIONS)])
        self.assertEqual(self.wait_for_end(), "4:0", self.text())
        self.assertEqual(self.show("JobState"), "FAILED", "not TIMEOUT")

    def test_no_command_is_refused(self):
        self.submit("with_server.sbatch", options=OPTIONS)
        self.assertEqual(self.wait_for_end(), "2:0", self.text())
        self.assertIn("set DREAM_SERVER", self.text())

    def test_a_stopped_job_goes_back_to_the_queue_with_its_server(self):
        self.submit_with()
        self.stop_in_the_middle()
        self.wait_until(lambda: self.show("Restarts") == "1", "queued again")
        self.assertEqual(self.wait_for_end(), "0:0", self.text())
        self.assertEqual(self.text().count("stub: listening on n2"), 2, self.text())
        self.assertIn(b"Answer ", harness.tables(self.config.parent)["questions.csv"])

    def test_a_cancelled_job_leaves_nothing_running(self):
        self.submit_with()
        self.wait_until(lambda: harness.sealed(self.config.parent) > 2, "at work")
        subprocess.run(["scancel", self.job], check=True)
        self.wait_for_end()
        self.wait_until(lambda: not self.left_running(), "gone")


if __name__ == "__main__":
    kit.main()
