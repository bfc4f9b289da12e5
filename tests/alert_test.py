#!/usr/bin/env python3
"""End to end: `davy alert test` against receivers, one of them the example of docs/alerts.md. Usage: alert_test.py DAVY"""
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

DAVY = os.path.abspath(sys.argv[1])
DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs" / "alerts.md"
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(("DAVY_", "SUDO_"))}
SECRET = "this one is nobody's business"


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers as its server says."""

    def do_POST(self):
        self.server.bodies.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        self.wfile.write(self.server.said)

    def log_message(self, *_):
        pass


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="davy-alert-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.secret = self.folder / "secret"
        self.secret.write_text(SECRET + "\n")
        self.secret.chmod(0o600)

    def receiver(self, status=200, said=b"thanks", tls=None):
        server = http.server.HTTPServer(("127.0.0.1", 0), Answering)
        server.status, server.said, server.bodies = status, said, []
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def davy(self, *words, env=None):
        """Runs it to its end; neither secret nor path nor a byte that a terminal would obey is ever shown."""
        done = subprocess.run([DAVY, "alert", "test", *map(str, words)], env={**CLEAN, "DAVY_CONFIG": "/dev/null", **(env or {})},
                              capture_output=True, timeout=60, cwd=self.folder)
        for stream in (done.stdout, done.stderr):
            self.assertNotRegex(stream, rb"[\x00-\x09\x0b-\x1f\x7f]")
            self.assertNotIn(SECRET.encode(), stream)
            self.assertNotIn(b"token", stream)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def send(self, server, *words, scheme="http", **options):
        url = f"{scheme}://127.0.0.1:{server.server_port}/hook?token=x"
        return self.davy("--webhook", url, "--webhook-secret", self.secret, *words, **options)

    def refused(self, code, part, done):
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, r"\Adavy: [^\n]+\n\Z")
        self.assertIn(part, done.stderr)


class Test(Case):
    def test_taken(self):
        server = self.receiver(said=b"th\x1b[31m\nanks")
        done = self.send(server)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, f"http://127.0.0.1:{server.server_port}: answers 200: th\\x1b[31m\\x0aanks\n")
        (headers, body), = server.bodies
        alert = json.loads(body)
        self.assertEqual((alert["type"], alert["kind"], alert["detection"]), ("alert", "test", None))
        self.assertEqual(headers["X-Davy-Delivery"], alert["id"])
        self.assertIn("a test alert of davy", alert["summary"])

    def test_not_taken(self):
        self.refused(1, "answers 500: thanks", self.send(self.receiver(500)))
        self.refused(1, "answers 403: does it know the same secret?: thanks", self.send(self.receiver(403)))
        moved = self.receiver(302)
        self.refused(1, "answers 302: no redirect is followed", self.send(moved))
        self.assertEqual(len(moved.bodies), 1, "one test, one try")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.refused(1, f"http://127.0.0.1:{port}: connection refused",
                     self.davy("--webhook", f"http://127.0.0.1:{port}/token", "--webhook-secret", self.secret))

    def test_json(self):
        done = self.send(self.receiver(), "--json")
        said = json.loads(done.stdout)
        self.assertEqual((done.returncode, said["taken"], said["status"], said["answer"], said["error"]), (0, True, 200, "thanks", None))
        done = self.send(self.receiver(404), "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["status"]), (1, 404))

    def test_bad_use(self):
        server = self.receiver()
        self.refused(2, "--webhook is missing", self.davy())
        self.refused(2, "--webhook-secret is missing", self.davy("--webhook", "https://h/token"))
        self.refused(2, "has to be https://", self.davy("--webhook", "http://198.51.100.1/token", "--webhook-secret", self.secret))
        self.refused(2, "user or password", self.davy("--webhook", "https://u:token@h/", "--webhook-secret", self.secret))
        self.refused(2, "no readable certificate", self.send(server, "--webhook-ca", self.secret))
        self.secret.chmod(0o644)
        self.refused(2, f"chmod 600 {self.secret}", self.send(server))
        self.secret.chmod(0o600)
        self.secret.write_text("short\n")
        self.refused(2, "16 bytes at least", self.send(server))
        self.assertEqual(server.bodies, [])

    def test_settings_may_stand_in_the_configuration(self):
        server = self.receiver()
        settings = self.folder / "davy.toml"
        settings.write_text(f'webhook = "http://127.0.0.1:{server.server_port}/token"\n[alert]\nwebhook-secret = "{self.secret}"\n')
        self.assertEqual(self.davy("--config", settings).returncode, 0)
        self.assertEqual(self.davy(env={"DAVY_CONFIG": str(settings)}).returncode, 0)
        self.assertEqual(len(server.bodies), 2)

    def test_proxies_of_the_environment_are_not_asked(self):
        proxy = {name: "http://127.0.0.1:1" for name in ("http_proxy", "https_proxy", "ALL_PROXY")}
        self.assertEqual(self.send(self.receiver(), env=proxy).returncode, 0)

    @unittest.skipUnless(shutil.which("openssl"), "no openssl")
    def test_tls(self):
        pem, key = self.folder / "own.pem", self.folder / "own.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=x",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", pem], check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem, key)
        server = self.receiver(tls=tls)
        self.refused(1, "its certificate is refused: self-signed certificate", self.send(server, scheme="https"))
        self.assertEqual(server.bodies, [])
        done = self.send(server, "--webhook-ca", pem, scheme="https")
        self.assertEqual((done.returncode, done.stdout), (0, f"https://127.0.0.1:{server.server_port}: answers 200: thanks\n"))


class Documented(Case):
    def run_example(self):
        """The receiver of docs/alerts.md as it stands, and its port."""
        text, = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S)
        program = self.folder / "receiver.py"
        program.write_text(text)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        done = subprocess.Popen([sys.executable, program, self.secret, str(port)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(done.stdout.close)
        self.addCleanup(done.wait)
        self.addCleanup(done.kill)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return done, port
            except ConnectionRefusedError:
                time.sleep(0.02)
        self.fail("it does not listen")

    def test_the_example_takes_what_is_signed_and_nothing_else(self):
        example, port = self.run_example()
        url = f"http://127.0.0.1:{port}/"
        taken = self.davy("--webhook", url, "--webhook-secret", self.secret)
        self.assertEqual((taken.returncode, taken.stdout), (0, f"http://127.0.0.1:{port}: answers 204\n"))
        self.assertIn("a test alert of davy", example.stdout.readline())
        self.secret.write_text("another secret, of another host")
        self.refused(1, "answers 403: does it know the same secret?", self.davy("--webhook", url, "--webhook-secret", self.secret))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
