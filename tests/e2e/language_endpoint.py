"""An OpenAI-compatible chat endpoint for the e2e cases: it counts each body, and refuses requests without the key."""
import collections
import hashlib
import http.server
import json
import threading

import harness

KEY = "sk-canary-" + hashlib.sha256(b"dream").hexdigest()[:24]  # looks like a secret, is none


class Endpoint:
    """On a port of its own. `misbehave(number, handler)`, where given, may answer a request itself and return True."""

    def __init__(self, delay=0.0, output_tokens=2, misbehave=None):
        outer = self
        self.asked = collections.Counter()  # body -> times it was answered
        self.requests = 0
        self.lock = threading.Lock()
        self.delay = delay

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Authorization"] != f"Bearer {KEY}":
                    return self.reply(401, {"error": {"message": "wrong key"}})
                with outer.lock:
                    outer.requests += 1
                    number = outer.requests
                if misbehave and misbehave(number, self):
                    return None
                with outer.lock:
                    outer.asked[body] += 1
                if outer.delay:
                    harness.time.sleep(outer.delay)
                text = "Answer " + hashlib.sha256(body).hexdigest()[:8]
                self.reply(200, {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                                 "usage": {"prompt_tokens": len(body) // 4, "completion_tokens": output_tokens}})

            def do_GET(self):
                self.reply(200, {"data": [{"id": "tiny"}]})

            def reply(self, status, content, kind="application/json"):
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients that were killed hang up
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
