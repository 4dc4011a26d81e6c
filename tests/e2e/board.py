"""The terminal board as a terminal shows it: a sweep in a pseudo-terminal, its output played on a small screen."""
import errno
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

import harness
from language_endpoint import KEY, Endpoint


class Screen:
    """Knows what the board uses: line ends, "up n lines", "erase what is below", colours."""

    def __init__(self, columns):
        self.lines, self.row, self.column, self.columns = [""], 0, 0, columns
        self.pictures = []  # the screen before each "erase"

    def put(self, text):
        for code, parameter, letter, character in re.findall(r"(\x1b\[(\d*)([A-Za-z]))|(.)", text, re.S):
            if letter == "A":
                self.row -= int(parameter or 1)
            elif letter == "J":
                self.pictures.append("\n".join(self.lines))
                self.lines = self.lines[:self.row] + [self.lines[self.row][:self.column]]
            elif code and letter != "m":
                raise AssertionError(f"an unknown code: {code!r}")
            elif character == "\r":
                self.column = 0
            elif character == "\n":
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            elif character:
                line = self.lines[self.row]
                self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
                self.column += 1
                assert self.column < self.columns, f"a line wraps: {line!r}"


class Board(harness.Case):

    def setUp(self):
        super().setUp()
        corpus, golden = harness.make_corpus(self.folder, documents=8, questions=8)
        self.endpoint = Endpoint(delay=0.1, output_tokens=10)
        self.addCleanup(self.endpoint.close)
        model = (f'[models.asked]\nkind = "openai"\nbase_url = "{self.endpoint.url}"\nmodel = "tiny"\nmax_tokens = 20\n'
                 'api_key = { env = "E2E_CANARY_KEY" }\nlimits = { in_flight = 4 }\nprice = { output = 10000.0 }\n'
                 '[objective]\nbudget.usd = 50.0\n')
        self.config = harness.write_config(self.folder / "sweep", corpus, golden, buckets=8, more=model,
                                           methods='{ name = "sentence_window", window = 1 }, { name = "overlap", size = 64, overlap = 16 }')
        self.config.write_text(self.config.read_text().replace('llm = "quote"', 'llm = "asked"'))

    def play(self, ranks, columns, *arguments, **env):
        """The screen of a terminal after a sweep, and the bytes that came."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update({**harness.environment(), "E2E_CANARY_KEY": KEY, "TERM": "xterm", **env})
            command = harness.command(ranks, self.config, *arguments)
            os.execvp(command[0], command)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        data, end = b"", time.monotonic() + harness.HANG
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.5)[0]:
                continue
            try:
                piece = os.read(terminal, 65536)
            except OSError as error:
                self.assertEqual(error.errno, errno.EIO)
                break
            if not piece:
                break
            data += piece
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
        text = data.decode()
        self.assertEqual(os.waitstatus_to_exitcode(status), harness.OK, text)
        return text

    def test_a_terminal_shows_stages_calls_money_and_the_leader(self):
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                state = ["--set", f'sweep.state="{self.folder}/state{ranks}"']
                # The leader of the first sweep's trials leads before the second has scored any.
                self.assert_ok(harness.sweep(ranks, self.config, *state, "--set", 'space.embedder=["small"]', env={"E2E_CANARY_KEY": KEY}))
                text = self.play(ranks, 100, *state)
                screen = Screen(100)
                screen.put(text[:text.index("results are in")].rsplit("\n\r\n", 1)[0].split("\r\n\r\n")[0])  # without the table
                for stage in harness.STAGES:
                    self.assertRegex("\n".join(screen.lines), rf"(?m)^  {stage} +\[=+\] \d+ parts in ")
                self.assertEqual([line for line in screen.lines if "in flight" in line or line.startswith("  best")], [], "something is left")
                pictures = "\n".join(screen.pictures)
                self.assertRegex(pictures, r"  calls   [1-9]\d* calls in flight, \$\d+\.\d\d of \$50\.00, \d+ sent")
                self.assertRegex(pictures, r"  best    answer_correctness -?0\.\d{3} \+- 0\.\d{3} \(95 %, \d+ questions\), trial \d \(")
                self.assertIn("\x1b[32m=", text)

    def test_no_colour_and_no_terminal(self):
        text = self.play(0, 80, "--until", "select", NO_COLOR="1")
        self.assertNotIn("\x1b[32m", text)
        self.assertIn("\x1b[J", text)
        text = self.play(0, 80, "--set", f'sweep.state="{self.folder}/other"', "--until", "select", TERM="dumb")
        self.assertNotIn("\x1b", text)
        self.assertRegex(text, r"(?m)^  select +\d+ parts in ")
        ended = harness.sweep(2, self.config, "--until", "select", env={"E2E_CANARY_KEY": KEY, "TERM": "xterm"})
        self.assertNotIn("\x1b", ended.text)


harness.main()
