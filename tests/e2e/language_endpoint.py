"""An OpenAI-compatible chat endpoint for the e2e cases: it counts each body, and refuses requests without the key."""
import collections
import hashlib
import json
import threading

import harness
import local_server

KEY = "sk-canary-" + hashlib.sha256(b"dream").hexdigest()[:24]  # looks like a secret, is none


class Endpoint(local_server.Server):
    """On a port of its own. `misbehave(number, handler)`, where given, may answer a request itself and return True."""

    def __init__(self, delay=0.0, output_tokens=2, misbehave=None):
        outer = self
        self.asked = collections.Counter()  # body -> times it was answered
        self.requests = 0
        self.lock = threading.Lock()
        self.delay = delay

        class Handler(local_server.Handler):
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

        super().__init__(Handler)
