"""Drives a headless Chromium over its debugging pipe (no port, no package): what a test of a page needs and no more.

    with browser.Page("file:///…/report.html", width=390, height=844) as page:
        page.run("document.title")         # a value of JavaScript
        page.drag(x, y, x, y + 100)        # a real pointer
        page.problems                      # console errors, exceptions and refused loads so far
"""
import base64
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60  # seconds for one reply


def find():
    """The browser's path, or the end of the program as skipped."""
    path = os.environ.get("DREAM_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not path:
        raise unittest.SkipTest("no Chromium (apt-get install chromium, or set DREAM_CHROMIUM)")
    return path


class Page:
    """One page in a browser of its own."""

    def __init__(self, address, width=1280, height=900, dark=False, phone=False):
        self.problems, self.replies, self.events, self.buffer, self.last = [], {}, [], b"", 0
        self.profile = tempfile.mkdtemp(prefix="dream_browser_")
        browser = find()
        to_browser, self.out = os.pipe()
        self.inp, from_browser = os.pipe()
        # The browser reads commands from descriptor 3 and writes to 4; copies further up are in nobody's way.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_browser, from_browser)]
        self.process = subprocess.Popen(
            [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe", f"--user-data-dir={self.profile}"],
            preexec_fn=lambda: [os.dup2(end, at) for end, at in zip(ends, (3, 4))], pass_fds=(3, 4), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (to_browser, from_browser, *ends):
            os.close(end)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])
        self.start = time.monotonic()
        self.call("Page.navigate", url=address)
        self.wait_for("Page.loadEventFired")
        self.seconds = time.monotonic() - self.start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        os.close(self.out)
        os.close(self.inp)
        shutil.rmtree(self.profile, ignore_errors=True)

    def run(self, script):
        """The value of an expression."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def drag(self, x0, y0, x1, y1):
        """Presses at one point of the window, moves to the other, lets go."""
        self.mouse("mousePressed", x0, y0)
        for step in range(1, 6):
            self.mouse("mouseMoved", x0 + (x1 - x0) * step / 5, y0 + (y1 - y0) * step / 5)
        self.mouse("mouseReleased", x1, y1)

    def press(self, key, code):
        for kind in ("rawKeyDown", "char", "keyUp"):
            more = {"text": "\r"} if key == "Enter" and kind == "char" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)

    def screenshot(self, path, whole=True):
        image = self.call("Page.captureScreenshot", captureBeyondViewport=whole,
                          **({"clip": {**self.size(), "x": 0, "y": 0, "scale": 1}} if whole else {}))
        pathlib.Path(path).write_bytes(base64.b64decode(image["data"]))

    def size(self):
        box = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"width": box["width"], "height": box["height"]}

    def mouse(self, kind, x, y):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                  buttons=0 if kind == "mouseReleased" else 1, clickCount=1)

    def call(self, method, **arguments):
        self.last += 1
        message = {"id": self.last, "method": method, "params": arguments}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        number = self.last
        self.until(lambda: number in self.replies, method)
        reply = self.replies.pop(number)
        if "error" in reply:
            raise AssertionError(f"{method}: {reply['error']}")
        return reply["result"]

    def wait_for(self, event):
        self.until(lambda: event in self.events, event)

    def until(self, done, what):
        deadline = time.monotonic() + PATIENCE
        os.set_blocking(self.inp, False)
        while not done():
            try:
                block = os.read(self.inp, 1 << 20)
                if not block:
                    raise AssertionError(f"the browser ended while {what} was waited for")
                self.buffer += block
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise AssertionError(f"the browser did not answer {what} within {PATIENCE} s") from None
                time.sleep(0.01)
                continue
            *messages, self.buffer = self.buffer.split(b"\0")
            for message in messages:
                self.take(json.loads(message))

    def take(self, message):
        if "id" in message:
            self.replies[message["id"]] = message
            return
        method, what = message["method"], message.get("params", {})
        self.events.append(method)
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(what["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
            self.problems.append(json.dumps(what["args"]))
        elif method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            self.problems.append(json.dumps(what["entry"]))
