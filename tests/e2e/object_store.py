"""A real S3 service for the tests: OpenStack Swift on loopback, which checks signatures; a proxy before it that counts
requests and breaks some; and a small client of our own, so that no test trusts the code that it tests. Moto is another
service, which believes every signature.

Swift comes as Debian packages (group `s3` of tools/packages.txt), moto from PyPI (`pip install "moto[server]"`). Where one
is missing or cannot be started, the cases are skipped with the reason.
"""
import contextlib
import datetime
import hashlib
import hmac
import http.client
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import xml.etree.ElementTree as ElementTree

ACCESS, SECRET, REGION = "test:tester", "testing", "us-east-1"
PARTS = ("account", "container", "object", "proxy")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ---- the service --------------------------------------------------------------------------------------------------

BACKEND = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {cfg}
devices = {srv}
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

PROXY = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {cfg}
[pipeline:main]
pipeline = catch_errors cache s3api tempauth bulk slo dlo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
storage_domain = localhost
location = us-east-1
allow_multipart_uploads = true
min_segment_size = 5242880
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
"""


class Swift:
    """Four servers and a cache in a folder of their own, on free ports. close() ends them."""

    def __init__(self):
        missing = [f"swift-{name}-server" for name in PARTS if shutil.which(f"swift-{name}-server") is None]
        missing += [] if shutil.which("memcached") else ["memcached"]
        if missing:
            raise unittest.SkipTest(f"{', '.join(missing)} not installed (bash jobs/setup.sh s3 brings them)")
        # The servers read /etc/swift and nothing else: each gets its own view of it.
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            raise unittest.SkipTest("unshare -m is not allowed here (Swift's servers read a fixed /etc/swift)")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dream_swift_"))
        self.processes = []
        self.port = free_port()
        try:
            self._write_config()
            self._start()
        except BaseException:
            self.close()
            raise

    def _write_config(self):
        cfg, srv = self.folder / "cfg", self.folder / "srv"
        cfg.mkdir()
        (srv / "sda").mkdir(parents=True)
        (self.folder / "log").mkdir()
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        (cfg / "swift.conf").write_text("[swift-hash]\nswift_hash_path_prefix = dev\nswift_hash_path_suffix = dev\n"
                                        "[storage-policy:0]\nname = gold\ndefault = yes\n")
        self.memcached = free_port()
        for name in PARTS[:3]:
            port = free_port()
            (cfg / f"{name}-server.conf").write_text(BACKEND.format(port=port, user=user, cfg=cfg, srv=srv, name=name))
            for step in (["create", "4", "1", "0"], ["add", f"r1z1-127.0.0.1:{port}/sda", "1"], ["rebalance"]):
                subprocess.run(["swift-ring-builder", f"{name}.builder", *step], cwd=cfg, capture_output=True)
        (cfg / "proxy-server.conf").write_text(PROXY.format(port=self.port, user=user, cfg=cfg, memcached=self.memcached))

    def _start(self):
        self._run("memcached", ["memcached", "-u", "root", "-l", "127.0.0.1", "-p", str(self.memcached), "-m", "32"])
        for name in PARTS:
            script = f'mount --bind "$0" /etc/swift && exec swift-{name}-server /etc/swift/{name}-server.conf -v'
            self._run(name, ["unshare", "-m", "sh", "-c", script, str(self.folder / "cfg")])
        end = time.monotonic() + 180  # Python programs on a machine that may be busy
        while time.monotonic() < end:
            if any(process.poll() is not None for process in self.processes):
                break
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/info")
                status = connection.getresponse().status
                connection.close()
                if status == 200:
                    return
            time.sleep(0.25)
        logs = "\n".join(f"{p.name}: {p.read_text(errors='replace')[-500:]}" for p in (self.folder / "log").iterdir())
        raise unittest.SkipTest(f"Swift did not start here:\n{logs}")

    def _run(self, name, command):
        pathlib.Path("/etc/swift").mkdir(exist_ok=True)
        with (self.folder / "log" / name).open("wb") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                                   start_new_session=True))

    def close(self):
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Moto:
    """AWS as moto imagines it, in one process: $DREAM_MOTO, or moto_server on the PATH. close() ends it."""

    def __init__(self):
        program = os.environ.get("DREAM_MOTO") or shutil.which("moto_server")
        if not program:
            raise unittest.SkipTest('moto_server is not installed (pip install "moto[server]" in a venv; DREAM_MOTO names it)')
        self.port = free_port()
        self.process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(self.port)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 180
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return
            time.sleep(0.25)
        self.close()
        raise unittest.SkipTest(f"{program} did not start here")

    def close(self):
        self.process.kill()
        self.process.wait()


# ---- a client that shares no code with ours -----------------------------------------------------------------------

class Client:
    """S3 in path style, signed by hand. A reply that is no success is an AssertionError, unless `check` is off."""

    def __init__(self, port):
        self.host = f"127.0.0.1:{port}"

    def ask(self, method, bucket, key="", query=None, body=b"", check=True):
        path = "/" + bucket + ("/" + urllib.parse.quote(key, safe="/-_.~") if key else "")
        pairs = "&".join(sorted(f"{urllib.parse.quote(k, safe='-_.~')}={urllib.parse.quote(v, safe='-_.~')}"
                                for k, v in (query or {}).items()))
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        payload = hashlib.sha256(body).hexdigest()
        headers = {"host": self.host, "x-amz-content-sha256": payload, "x-amz-date": now}
        names = ";".join(sorted(headers))
        canonical = "\n".join([method, path, pairs, *(f"{n}:{headers[n]}" for n in sorted(headers)), "", names, payload])
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        sign = ("AWS4" + SECRET).encode()
        for step in (now[:8], REGION, "s3", "aws4_request", text):
            sign = hmac.new(sign, step.encode(), hashlib.sha256).digest()
        headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={ACCESS}/{scope},SignedHeaders={names},"
                                    f"Signature={sign.hex()}")
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.request(method, path + ("?" + pairs if pairs else ""), body=body, headers=headers)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        assert not check or reply.status < 300, f"{method} {path}: {reply.status} {content[:500]}"
        return reply.status, content, dict(reply.getheaders())

    def make_bucket(self, bucket):
        for _ in range(20):  # a service that has just started, on a busy machine, says 503
            if self.ask("PUT", bucket, check=False)[0] < 300:
                return
            time.sleep(1)
        self.ask("PUT", bucket)

    def put(self, bucket, key, body):
        self.ask("PUT", bucket, key, body=body)

    def put_folder(self, bucket, prefix, folder):
        for path in sorted(p for p in pathlib.Path(folder).rglob("*") if p.is_file()):
            self.put(bucket, f"{prefix}/{path.relative_to(folder)}", path.read_bytes())

    def get(self, bucket, key):
        return self.ask("GET", bucket, key)[1]

    def list(self, bucket, prefix=""):
        """{key: (size, etag)}"""
        found, token = {}, None
        while True:
            query = {"list-type": "2", "prefix": prefix, "encoding-type": "url"}
            if token:
                query["continuation-token"] = token
            root = ElementTree.fromstring(self.ask("GET", bucket, query=query)[1])
            for node in root:
                node.tag = node.tag.split("}")[-1]
                if node.tag == "Contents":
                    cells = {cell.tag.split("}")[-1]: cell.text for cell in node}
                    found[urllib.parse.unquote(cells["Key"])] = (int(cells["Size"]), cells["ETag"].strip('"'))
            texts = {node.tag: node.text for node in root}
            token = texts.get("NextContinuationToken")
            if texts.get("IsTruncated") != "true":
                return found

    def open_uploads(self, bucket):
        return self.ask("GET", bucket, query={"uploads": ""})[1].count(b"<Upload>")


# ---- the proxy ----------------------------------------------------------------------------------------------------

class Proxy:
    """Passes HTTP on to a port, byte for byte where it can, and notes "METHOD path" of each request. While `every` is n > 0,
    each n-th request gets a 500 or a reset in turn, before or after it has reached the service."""

    def __init__(self, port):
        self.target, self.every, self.broken = port, 0, 0
        self.refusal = None  # (status, code): the answer to every request
        self.requests, self.lock = [], threading.Lock()
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    while proxy.pass_one(self):
                        pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def count(self, method, part=""):
        with self.lock:
            return sum(line.startswith(method + " ") and part in line for line in self.requests)

    def forget(self):
        with self.lock:
            self.requests.clear()

    def _note(self, line):
        """How this request is to be broken: None, "before" or "after"."""
        with self.lock:
            self.requests.append(line)
            if self.every == 0 or len(self.requests) % self.every != 0:
                return None
            self.broken += 1
            return ("error", "before", "after")[self.broken % 3]

    def pass_one(self, peer):
        first = peer.rfile.readline()
        if not first:
            return False
        method, path, _ = first.decode("latin-1").split(" ", 2)
        headers = http.client.parse_headers(peer.rfile)
        body = peer.rfile.read(int(headers.get("Content-Length", 0)))
        how = self._note(f"{method} {path}")
        refusal = (500, "InternalError") if how == "error" else self.refusal
        if refusal:
            text = b"<Error><Code>%s</Code><Message>on purpose</Message></Error>" % refusal[1].encode()
            peer.wfile.write(b"HTTP/1.1 %d Broken\r\nContent-Length: %d\r\n\r\n" % (refusal[0], len(text)) + text)
            return True
        if how == "before":
            return self._reset(peer)
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=60)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        if how == "after":
            return self._reset(peer)
        kept = [(n, v) for n, v in reply.getheaders() if n.lower() not in ("transfer-encoding", "connection", "content-length")]
        length = reply.getheader("Content-Length", "0") if method == "HEAD" else len(content)
        lines = [f"HTTP/1.1 {reply.status} {reply.reason}", *(f"{n}: {v}" for n, v in kept), f"Content-Length: {length}"]
        peer.wfile.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content)
        return True

    @staticmethod
    def _reset(peer):
        peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.connection.close()
        return False
