"""Answers and judge behind an endpoint where one reply in five is a fault, each time of another kind: the scores are those of
an endpoint without faults, byte for byte.
"""
import email.utils
import json
import re
import socket
import struct
import subprocess
import sys
import threading
import time

import harness
import judge


def reset(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def head(handler, length, kind="application/json"):
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(length))
    handler.end_headers()
    handler.close_connection = True


def refuse(status, **headers):
    def fault(handler):
        body = json.dumps({"error": {"message": "not now"}}).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value() if callable(value) else value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    return fault


def cut_off(handler):
    head(handler, 500)
    handler.wfile.write(b'{"choices": [{"message"')


def drip(handler):
    """Slower than the time limit for the whole reply."""
    head(handler, 500)
    for _ in range(50):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def silence(seconds):
    def fault(handler):
        time.sleep(seconds)
        handler.close_connection = True
    return fault


def says(content, **fields):
    return lambda handler: handler.reply(200, {"choices": [{"message": {"role": "assistant", "content": content}, **fields}],
                                              "usage": {"prompt_tokens": 9, "completion_tokens": 2}})


FAULTS = {
    "429, seconds": refuse(429, Retry_After="0.3"),
    "429, date": refuse(429, Retry_After=lambda: email.utils.formatdate(time.time() + 1, usegmt=True)),
    "429, x-ratelimit": refuse(429, X_RateLimit_Remaining_Requests="0", X_RateLimit_Reset_Requests="150ms"),
    "500": refuse(500),
    "503, seconds": refuse(503, Retry_After="0.1"),
    "first byte": silence(1.5),
    "whole": drip,
    "reset": reset,
    "cut off": cut_off,
    "truncated JSON": lambda handler: handler.reply(200, b'{"choices": [{"message": {"content": "half'),
    "another schema": lambda handler: handler.reply(200, {"choices": []}),
    "not JSON": lambda handler: handler.reply(200, b"<html>please log in</html>", "text/html"),
    "10 MB": lambda handler: handler.reply(200, {"no": "x" * (10 << 20)}),
    "no HTTP": lambda handler: (handler.wfile.write(b"SSH-2.0-nobody\r\n"), setattr(handler, "close_connection", True)),
    "cut short": says("half a", finish_reason="length"),
}
# A reply of the judge that does not fit: it is asked to mend that, and then does.
CONTENT_FAULTS = ["{}", '{"statements": 7}', "I would rather not.", '{"verdicts": [{"statement": "x"}]}']


class FaultyJudge(judge.Judge):
    """A judge, and what answers; every fifth request gets a fault."""

    def __init__(self, faulty):
        self.number = 0
        self.met = set()
        lock = threading.Lock()
        outer = self

        def spoil(_, repaired, text):
            with lock:
                outer.spoiled = getattr(outer, "spoiled", 0) + 1
                if not faulty or repaired or outer.spoiled % 7:
                    return text
                outer.met.add("content")
                return CONTENT_FAULTS[outer.spoiled // 7 % len(CONTENT_FAULTS)]
        super().__init__(spoil)
        plain = self.server.RequestHandlerClass

        class Handler(plain):
            def do_POST(self):
                with lock:
                    outer.number += 1
                    turn = outer.number
                if not faulty or turn % 5:
                    return super().do_POST()
                self.rfile.read(int(self.headers["Content-Length"]))
                name = list(FAULTS)[turn // 5 % len(FAULTS)]
                outer.met.add(name)
                FAULTS[name](self)
                return None
        self.server.RequestHandlerClass = Handler


class ClientFaults(harness.Case):

    def sweep_with(self, name, url, ranks, model="judge", keys="", schema="false"):
        more = (f'[models.asked]\nkind = "openai"\nbase_url = "{url}"\nmodel = "{model}"\nattempts = 40\ntimeout_s = 2.0\n'
                f'limits = {{ in_flight = 16 }}\n{keys}\n[judge]\nllm = "asked"\njson_schema = {schema}\n')
        config = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=8, more=more, embedders='["small"]',
                                      methods='{ name = "sentence_window", window = 1 }')
        config.write_text(config.read_text().replace('llm = "quote"', 'llm = "asked"'))
        return harness.sweep(ranks, config)

    def test_every_kind_of_fault_and_the_same_scores(self):
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=12, questions=8)
        clean, faulty = FaultyJudge(False), FaultyJudge(True)
        self.assert_ok(self.sweep_with("clean", clean.url, 2, keys="first_byte_timeout_s = 1.0"))
        self.assert_ok(self.sweep_with("faulty", faulty.url, 3, keys="first_byte_timeout_s = 1.0"))
        self.assertEqual(faulty.met, set(FAULTS) | {"content"}, "not every kind of fault came up")
        print(f"{faulty.number} requests with faults, {clean.number} without")
        self.assertGreater(faulty.number, 1.2 * clean.number)
        self.assert_same_tables(harness.tables(self.folder / "clean"), harness.tables(self.folder / "faulty"), "20 % faults")
        retries = sum(row["retries"] for row in harness.manifest(self.folder / "faulty")["calls"])
        self.assertGreaterEqual(retries, 0.15 * faulty.number)
        clean.close()
        faulty.close()

    def test_the_projects_stub_with_faults(self):
        """The judge's steps and the answers at the stub that answers by shared words, a fifth of the replies faults."""
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=12, questions=8)
        script = harness.data_folder().parent / "bench" / "stub_llm.py"
        if not script.exists():
            self.skipTest(f"no {script}")
        # Its faults follow from a CRC of body, attempt and seed: with a long seed the attempts do not follow each other.
        faults = ["--error-rate", "0.2", "--error-kinds", "429,500,timeout,truncated,drop", "--timeout-s", "3", "--seed", "123456789"]
        for name, ranks, more in (("clean", 1, []), ("faulty", 3, faults)):
            stub = subprocess.Popen([sys.executable, str(script), "--port", "0", *more], stdout=subprocess.PIPE, text=True)
            try:
                url = "http://" + re.search(r"on (\S+)", stub.stdout.readline()).group(1) + "/v1"
                self.assert_ok(self.sweep_with(name, url, ranks, model="stub-good", schema="true"))
            finally:
                stub.terminate()
                stub.wait()
        self.assert_same_tables(harness.tables(self.folder / "clean"), harness.tables(self.folder / "faulty"), "20 % faults")
        retries = sum(row["retries"] for row in harness.manifest(self.folder / "faulty")["calls"])
        self.assertGreater(retries, 10)
        scores = [float(row["faithfulness"]) for row in harness.rows(self.folder / "clean", "results.csv")]
        self.assertGreater(max(scores), 0)


if __name__ == "__main__":
    harness.main()
