"""gossl doctor and gossl serve, and how the commands are reached."""

import contextlib
import json
import os
import re
import socket
import ssl as stock
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path
from typing import Any
from unittest import mock

from cli_support import certificate, run, start
from gossl.cli import doctor, selftest, serve

BINDING = os.environ.get("GOSSL_BINDING") or "builtins"

SCHEMA = {
    "schema": None, "ok": None, "problems": None,
    "python": {"implementation", "version", "executable", "platform"},
    "gossl": {"version", "package"},
    "library": {"path", "engine", "binding", "error"},
    "openssl": {"interpreter", "modules", "libraries", "still_using"},
    "trust": {"source", "file", "directories", "anchors", "skipped", "variables"},
    "checks": None,
}  # fmt: skip


class TestDoctor(unittest.TestCase):
    def report(self, *arguments: str, code: int = 0, **variables: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "gossl", "doctor", "--json", *arguments],
            capture_output=True, text=True, timeout=120, env={**os.environ, **variables}, check=False,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (code, ""))
        report = json.loads(done.stdout)
        self.assertEqual(report["schema"], "gossl.doctor/1")
        self.assertEqual(set(report), set(SCHEMA))
        for key, inner in SCHEMA.items():
            if inner is not None:
                self.assertEqual(set(report[key]), inner)
        self.assertEqual(report["ok"], not report["problems"])
        return report

    def test_all_is_well(self) -> None:
        report = self.report()
        self.assertEqual(
            [(c["name"], c["holds"]) for c in report["checks"]],
            [("handshake, TLS 1.3", True), ("handshake, TLS 1.2", True), ("refusal of a stranger", True),
             ("fork", True), ("signals", True)],
        )  # fmt: skip
        self.assertEqual(report["library"]["binding"], BINDING)
        self.assertRegex(report["library"]["engine"], r"^gossl .* \(go1\.")
        self.assertEqual(report["openssl"]["interpreter"], stock.OPENSSL_VERSION)
        self.assertIn("_ssl", report["openssl"]["modules"])
        self.assertTrue(any("libcrypto" in path for path in report["openssl"]["libraries"]))

    def test_the_other_binding_and_no_anchors(self) -> None:
        report = self.report(GOSSL_BINDING="ctypes", SSL_CERT_FILE="/nowhere", SSL_CERT_DIR="/nowhere", code=1)
        self.assertEqual(report["library"]["binding"], "ctypes")
        self.assertEqual((report["trust"]["source"], report["trust"]["anchors"]), ("environment", 0))
        self.assertRegex(report["problems"][0], "no trust anchors")
        self.assertTrue(all(c["holds"] for c in report["checks"]))

    def trust(self, **variables: str) -> tuple[dict[str, Any], list[str]]:
        problems: list[str] = []
        with mock.patch.dict(os.environ, variables):
            return doctor._trust(problems), problems

    def test_anchors(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "anchors.pem"
            good = certificate().partition(b"-----BEGIN PRIVATE")[0]
            file.write_bytes(good + good.replace(b"MII", b"AII", 1))
            found, problems = self.trust(SSL_CERT_FILE=str(file), SSL_CERT_DIR=folder)
            self.assertEqual((found["source"], found["file"], found["anchors"]), ("environment", str(file), 1))
            self.assertEqual((found["directories"], len(found["skipped"]), problems), ([folder], 1, []))
            self.assertEqual(found["variables"]["SSL_CERT_FILE"], str(file))
        found, problems = self.trust(GOSSL_TRUST="mozilla")
        self.assertEqual((found["source"], problems), ("mozilla", []))
        self.assertGreater(found["anchors"], 50)
        found, problems = self.trust(GOSSL_TRUST="nonsense")
        self.assertEqual(found["anchors"], None)
        self.assertIn("GOSSL_TRUST is 'nonsense'", problems[0])

    def test_a_python_without_openssl(self) -> None:
        code = (
            "import sys; sys.modules['_ssl'] = sys.modules['_hashlib'] = None\n"
            "from gossl.cli import main; sys.exit(main(['doctor', '--json']))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        report = json.loads(done.stdout)
        self.assertEqual((report["openssl"]["interpreter"], report["openssl"]["modules"]), (None, []))
        self.assertTrue(all(c["holds"] for c in report["checks"]))

    def test_no_library(self) -> None:
        report = self.report(code=1, GOSSL_LIBRARY="/nowhere/libgossl.so")
        self.assertIn("/nowhere/libgossl.so", report["library"]["error"])
        self.assertEqual((report["checks"], report["library"]["engine"]), ([], None))

    def test_modules_to_import(self) -> None:
        report = self.report("--import", "http.client", "--import", "no_such_module", code=1)
        self.assertRegex(report["problems"][0], "^no_such_module cannot be imported: ModuleNotFoundError")

    def test_what_a_person_sees(self) -> None:
        process = start("doctor")
        out, err = process.communicate(timeout=120)
        self.assertEqual((process.returncode, err), (0, b""))
        shown = out.decode()
        for part in ("Python ", "engine ", f"binding      {BINDING}", "anchors ", "✓ fork", "✓ all is well"):
            self.assertIn(part, shown)

    def test_checks_that_do_not_hold(self) -> None:
        with mock.patch.object(selftest._Pair, "echo", side_effect=selftest._Failed("broken")):
            found = {c.name: c for c in selftest.checks()}
        self.assertEqual((found["handshake, TLS 1.3"].holds, found["handshake, TLS 1.3"].text), (False, "broken"))
        self.assertFalse(found["fork"].holds)
        self.assertTrue(found["signals"].holds)
        with mock.patch.object(selftest._Pair, "shake"):
            self.assertRegex(selftest.checks()[2].text, "nobody vouches for was accepted")


class TestServe(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "site").mkdir()
        (self.folder / "site" / "page.txt").write_text("hello")
        (self.folder / "secret.txt").write_text("secret")

    def serve(self, *arguments: str) -> str:
        """Starts a server; gives its URL."""
        process = start("serve", "--port", "0", *arguments, str(self.folder / "site"))

        def stop() -> None:
            process.terminate()
            process.communicate(timeout=30)

        self.addCleanup(stop)
        assert process.stdout is not None
        self.process = process
        self.said = process.stdout.readline().decode()
        found = re.search(r"https://\S+", self.said)
        assert found, self.said
        return found.group()

    def test_a_client_that_trusts_the_certificate(self) -> None:
        saved = self.folder / "dev.pem"
        url = self.serve("--save-cert", str(saved), "--name", "app.test")
        self.assertNotIn(b"PRIVATE", saved.read_bytes())
        context = stock.create_default_context(cafile=str(saved))
        for host in ("localhost", "127.0.0.1"):
            with urllib.request.urlopen(url.replace("localhost", host) + "page.txt", context=context) as answer:
                self.assertEqual(answer.read(), b"hello")
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url + "../secret.txt", context=context)
        caught.exception.close()
        self.assertEqual(caught.exception.code, 404)
        port = int(url.rsplit(":", 1)[1].strip("/"))
        self.assertIn(
            "✓ TLSv1.3", run("connect", f"localhost:{port}", "--cafile", str(saved), "--name", "app.test").out
        )
        with self.assertRaises(urllib.error.URLError):
            urllib.request.urlopen(url, context=stock.create_default_context())

    def test_strangers_do_not_stop_it(self) -> None:
        saved = self.folder / "dev.pem"
        url = self.serve("--save-cert", str(saved))
        port = int(url.rsplit(":", 1)[1].strip("/"))
        silent = socket.create_connection(("127.0.0.1", port))
        with socket.create_connection(("127.0.0.1", port)) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                while plain.recv(4096):
                    pass
        context = stock.create_default_context(cafile=str(saved))
        with urllib.request.urlopen(url + "page.txt", context=context) as answer:
            self.assertEqual(answer.read(), b"hello")
        silent.close()

    def test_a_certificate_of_ones_own(self) -> None:
        pem = certificate()
        both = self.folder / "both.pem"
        both.write_bytes(pem)
        url = self.serve("--cert", str(both))
        context = stock.create_default_context(cadata=pem.partition(b"-----BEGIN PRIVATE")[0].decode())
        with urllib.request.urlopen(url + "page.txt", context=context) as answer:
            self.assertEqual(answer.read(), b"hello")

    def test_refusals(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            for code, words, arguments in (
                (2, "not a folder", ["/nowhere"]),
                (2, "not a host name", ["--name", "a b", "--port", "0", "."]),
                (2, "--key needs --cert", ["--key", "x", "."]),
                (2, "No such file", ["--cert", "/nowhere", "."]),
                (1, "cannot listen", ["--port", str(taken.getsockname()[1]), "."]),
                (2, "ends before it begins", ["--days", "-5", "."]),
                (2, "0 to 65535", ["--port", "70000", "."]),
                (2, "is not an IP address", ["--bind", "localhost", "."]),
            ):
                ran = run("serve", *arguments)
                self.assertEqual((ran.code, ran.out), (code, ""), ran.err)
                self.assertIn(words, ran.err)

    def test_names(self) -> None:
        self.assertEqual(serve.names_for("127.0.0.1", ["a.test"]), ["a.test", "localhost", "127.0.0.1", "::1"])
        host = socket.gethostname()
        self.assertEqual(serve.names_for("::", []), ["localhost", "127.0.0.1", "::1", host])
        self.assertEqual(serve.names_for("10.0.0.1", [])[-2:], [host, "10.0.0.1"])


class TestReaching(unittest.TestCase):
    def python(self, *arguments: str, **keywords: Any) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **keywords)

    def test_a_file_of_that_name_is_a_program(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "doctor").write_text("import sys; print('a program', sys.argv)")
            ran = self.python("-m", "gossl", "doctor", "--json", cwd=folder)
            self.assertEqual(ran.stdout, "a program ['doctor', '--json']\n", ran.stderr)
            ran = self.python("-m", "gossl", "cert", "--help", cwd=folder)
            self.assertTrue(ran.stdout.startswith("usage: python -m gossl cert "), ran.stdout)

    def test_help_says_so(self) -> None:
        shown = self.python("-m", "gossl", "--help").stdout
        self.assertIn("python -m gossl {cert,connect,doctor,serve,trace}", shown)
        self.assertIn("no\nfile of that name", shown)

    def test_importing_gossl_imports_nothing_of_it(self) -> None:
        wanted = "{m for m in sys.modules if 'gossl.cli' in m} | {'argparse', 'gossl._advice'} & set(sys.modules)"
        code = f"import sys, gossl; gossl.install(); import ssl; print(sorted({wanted}))"
        self.assertEqual(self.python("-c", code).stdout, "[]\n")

    def test_the_console_script(self) -> None:
        code = "import sys; from gossl.cli import main; sys.exit(main())"
        ran = self.python("-c", code, "cert", "/nowhere/x")
        self.assertEqual(ran.returncode, 2)
        self.assertTrue(ran.stderr.startswith("gossl cert: "), ran.stderr)


if __name__ == "__main__":
    unittest.main()
