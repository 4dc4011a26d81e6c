"""Hosts that do not see one folder, or of which some do not see an endpoint: found before any work, with the host's name. A rank
that is another host here has a host name and mounts of its own.
"""
import http.server
import os
import socket
import threading

import kit
from kit import harness

# Rank 1 runs on "east"; what it mounts differs.
EAST = """[ "$OMPI_COMM_WORLD_RANK" = 1 ] || exec "$@"
exec unshare --mount --uts --propagation private sh -c 'hostname east && eval "$EAST_DOES" && exec "$@"' sh "$@"
"""


class Hosts(kit.Case):

    def sweep(self, on_east, *arguments, ranks=3, config=None):
        return harness.sweep(ranks, config or self.config, *arguments, wrapper=["sh", "-c", EAST, "sh"], env={"EAST_DOES": on_east})

    def refused(self, ended, code, *words):
        self.assert_refused(ended, code, "not ready to run", "on 1 of 3 ranks, first: rank 1 on east", *words)
        self.assertLess(ended.seconds, 60)
        self.assertFalse((self.state / "parts").exists(), "it worked before it looked")

    def test_hosts_that_see_one_folder_pass(self):
        self.assert_ok(self.sweep("true"))
        self.assert_whole()

    def test_a_state_folder_that_is_each_hosts_own(self):
        self.refused(self.sweep(f"mount -t tmpfs tmpfs {self.state} && mkdir {self.state}/tmp"), harness.STATE,
                     "do not see the same folder", str(self.state))
        # One that is not there at all is the same mistake, told by the system's own words or by ours.
        self.refused(self.sweep(f"mount -t tmpfs tmpfs {self.place}"), harness.STATE, "do not see the same folder")

    def test_a_state_folder_that_is_read_only_on_one_host(self):
        self.refused(self.sweep(f"mount --bind {self.state} {self.state} && mount -o remount,bind,ro {self.state}"), harness.STATE,
                     "Read-only file system", str(self.state))

    def test_documents_that_one_host_has_not_mounted(self):
        self.refused(self.sweep(f"mount -t tmpfs tmpfs {self.corpus}"), harness.INPUT, "do not see the same folder", "doc00")

    def test_an_endpoint_that_is_each_host_itself(self):
        """A server on rank 0's host, by its local address: east has nobody there."""

        class Models(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = b'{"data": [{"id": "tiny"}]}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Models)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            nobody = free.getsockname()[1]
        asked = (f'[models.asked]\nkind = "openai"\nmodel = "tiny"\nbase_url = "http://localhost:{server.server_port}/v1"\n'
                 f'proxy = ""\n')
        self.config.write_text(self.config.read_text().replace('llm = "quote"', 'llm = "asked"') + asked)
        # This machine has one network, so that east finds nobody there is a proxy that refuses.
        self.refused(self.sweep(f"export http_proxy=http://127.0.0.1:{nobody} no_proxy="), harness.ENDPOINT, "models.asked", "localhost",
                     "this address is each host itself")
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    if os.geteuid() != 0 or kit.subprocess.run(["unshare", "--mount", "--uts", "true"], capture_output=True).returncode != 0:
        print("SKIPPED: only root makes hosts out of namespaces")
        kit.sys.exit(77)
    harness.main()
