"""usage: stub_server.py PORT [--silent | --die]
An OpenAI-compatible server that answers every question with a word of its digest, as the servers do that
slurm/with_server.sbatch starts: /health is 503 for a second, then 200. --silent: never. --die: ends at once, with 3.
Writes "stub: ..." lines; SIGTERM ends it, and it says so.
"""
import hashlib
import http.server
import json
import signal
import socket
import sys
import time

START = time.monotonic()
SILENT = "--silent" in sys.argv


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        awake = not SILENT and time.monotonic() - START > 1
        self.reply(200 if awake else 503, {"data": [{"id": "tiny"}]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = "Answer " + hashlib.sha256(body).hexdigest()[:8]
        self.reply(200, {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                         "usage": {"prompt_tokens": len(body) // 4, "completion_tokens": 2}})

    def reply(self, status, content):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def end(*_):
    print("stub: asked to end", flush=True)
    sys.exit(0)


if "--die" in sys.argv:
    sys.exit(3)
signal.signal(signal.SIGTERM, end)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
print(f"stub: listening on {socket.gethostname()}", flush=True)
server.serve_forever()
