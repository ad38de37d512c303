"""gossl connect and gossl cert against servers on loopback, good and bad."""

import io
import json
import os
import re
import socket
import ssl as stock
import subprocess
import sys
import tempfile
import time
import unittest
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

from certs import Authority, Leaf
from cli_support import (
    CA,
    certificate,
    certificate_file,
    environment,
    run,
    server_context,
    serving,
    start,
)
from gossl import ssl
from gossl.cli import terminal
from support import AUTHORITY, CLIENT, LEAF

# The keys of the reports, which stay as they are: programs read them.
CERTIFICATE = {
    "subject", "issuer", "serial", "version", "not_before", "not_after", "names", "key", "signature_algorithm",
    "is_ca", "path_length", "self_signed", "key_usage", "extended_key_usage", "subject_key_identifier",
    "authority_key_identifier", "ocsp", "ca_issuers", "crls", "extensions", "sha256", "key_sha256",
}  # fmt: skip
CONNECT = {
    "schema", "ok", "host", "port", "name", "address", "starttls", "times_ms", "tls", "verified", "error", "chain",
    "sent",
}  # fmt: skip
TLS = {"version", "cipher", "bits", "group", "signature", "alpn", "client_certificate"}
ERROR = {
    "type", "text", "reason", "verify_code", "verify_message", "depth", "certificate", "rule", "way_out",
}  # fmt: skip


def intermediate() -> tuple[Leaf, Leaf]:
    """A CA below the tests' own, and what it has issued."""
    middle = AUTHORITY.issue("middle", "ecdsa")
    extensions = AUTHORITY.directory / "middle.ext"
    extensions.write_text(
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
        "authorityKeyIdentifier=keyid\n"
    )
    subprocess.run(
        ["openssl", "req", "-new", "-key", str(middle.key), "-out", str(AUTHORITY.directory / "middle.csr"),
         "-subj", "/CN=gossl test intermediate"], check=True, capture_output=True,
    )  # fmt: skip
    subprocess.run(
        ["openssl", "x509", "-req", "-in", str(AUTHORITY.directory / "middle.csr"), "-CA", CA, "-CAkey",
         str(AUTHORITY.key), "-CAcreateserial", "-out", str(middle.cert), "-days", "30", "-extfile", str(extensions)],
        check=True, capture_output=True,
    )  # fmt: skip
    below = Authority.__new__(Authority)
    below.directory, below.cert, below.key = AUTHORITY.directory, middle.cert, middle.key
    return middle, below.issue("below", "ecdsa")


class TestConnect(unittest.TestCase):
    def report(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        ran = run("connect", "--json", *arguments)
        self.assertEqual((ran.code, ran.err), (code, ""))
        report = json.loads(ran.out)
        self.assertEqual(report["schema"], "gossl.connect/1")
        self.assertEqual(set(report), CONNECT)
        self.assertEqual(set(report["tls"]), TLS)
        for entry in report["chain"] + report["sent"]:
            self.assertEqual(set(entry), CERTIFICATE)
        self.assertEqual(report["ok"], report["error"] is None)
        if report["error"]:
            self.assertEqual(set(report["error"]), ERROR)
        return report

    def test_what_a_person_sees(self) -> None:
        with serving(server_context()) as port:
            ran = run("connect", f"localhost:{port}", "--cafile", CA, "--alpn", "h2")
        self.assertEqual((ran.code, ran.err), (0, ""))
        for part in (
            f"localhost:{port}  ✓ TLSv1.3, verified",
            "cipher      TLS_AES_256_GCM_SHA384, 256 bits",
            "group       X25519MLKEM768",
            "signature   ecdsa_secp256r1_sha256",
            "ALPN        h2",
            "chain       gossl test authority  (trust anchor)",
            "└─ localhost",
            "for localhost, 127.0.0.1",
        ):
            self.assertIn(part, ran.out)
        self.assertRegex(ran.out, r"time        resolve [\d.]+ ms, connect [\d.]+ ms, handshake [\d.]+ ms")
        self.assertRegex(ran.out, r"EC P-256 · \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d \(\d+ days left\)")
        self.assertNotIn("\x1b", ran.out)

    def test_what_a_program_reads(self) -> None:
        with serving(server_context()) as port:
            report = self.report(f"127.0.0.1:{port}", "--cafile", CA, "--tls", "1.2", "--groups", "P-256:X25519")
        self.assertEqual(report["tls"]["version"], "TLSv1.2")
        self.assertEqual(report["tls"]["group"], "X25519")
        self.assertEqual((report["host"], report["port"], report["verified"]), ("127.0.0.1", port, True))
        self.assertEqual(list(report["times_ms"]), ["resolve", "connect", "handshake"])
        self.assertEqual([c["subject"] for c in report["chain"]], ["CN=localhost", "CN=gossl test authority"])
        self.assertEqual([c["subject"] for c in report["sent"]], ["CN=localhost"])
        self.assertEqual(report["chain"][0]["names"], ["DNS:localhost", "IP Address:127.0.0.1"])
        self.assertEqual(report["chain"][0]["key"], {"type": "EC", "bits": 256, "curve": "P-256"})

    def refusal(self, context: Any, code: int, *arguments: str) -> tuple[dict[str, Any], str]:
        """The error as a program and as a person is told it."""
        with serving(context) as port:
            error = self.report(f"localhost:{port}", *arguments, code=3)["error"]
            ran = run("connect", f"localhost:{port}", *arguments)
        self.assertEqual((ran.code, error["type"], error["verify_code"]), (3, "SSLCertVerificationError", code))
        self.assertIn(f"✗ certificate refused: {error['verify_message']}", ran.out)
        for label in ("certificate", "rule", "way_out"):
            self.assertGreater(len(error[label]), 20)
            self.assertIn(f"  {label.replace('_', ' '):<12}{error[label][:20]}", ran.out)
        return error, ran.out

    def test_expired(self) -> None:
        pem = certificate(start=-86400 * 3, end=-86400 * 2)
        error, shown = self.refusal(server_context(pem), 10, "--cafile", certificate_file(self, pem))
        self.assertIn("RFC 5280 section 6.1.3 (a) (2)", error["rule"])
        self.assertIn("renew the certificate", error["way_out"])
        self.assertIn("(expired 2 days ago)", shown)

    def test_not_yet_valid(self) -> None:
        pem = certificate(start=86400 * 3, end=86400 * 4)
        _, shown = self.refusal(server_context(pem), 9, "--cafile", certificate_file(self, pem))
        self.assertIn("(not valid yet)", shown)

    def test_wrong_host(self) -> None:
        error, _ = self.refusal(server_context(), 62, "--cafile", CA, "--name", "wrong.test")
        self.assertIn("it is valid for localhost, 127.0.0.1", error["way_out"])
        self.assertEqual(error["depth"], 0)

    def test_self_signed(self) -> None:
        error, _ = self.refusal(server_context(certificate()), 18, "--cafile", CA)
        self.assertIn("--cafile FILE", error["way_out"])

    def test_unknown_issuer(self) -> None:
        other = certificate_file(self, certificate("other.test"))
        error, shown = self.refusal(server_context(), 20, "--cafile", other)
        self.assertIn("'CN=gossl test authority' was not found", error["way_out"])
        self.assertIn("chain       ? gossl test authority  not found\n", shown)

    def test_untrusted_root_that_was_sent(self) -> None:
        context = server_context()
        context.load_cert_chain(LEAF.cert.read_bytes() + AUTHORITY.cert.read_bytes(), LEAF.key)
        other = certificate_file(self, certificate("other.test"))
        error, shown = self.refusal(context, 19, "--cafile", other)
        self.assertEqual(error["depth"], 1)
        self.assertRegex(shown, "gossl test authority\n.*EC P-256.*\n +✗ self-signed certificate in certificate chain")

    def test_a_chain_with_an_intermediate(self) -> None:
        middle, leaf = intermediate()
        context = server_context()
        context.load_cert_chain(leaf.cert, leaf.key)
        error, shown = self.refusal(context, 20, "--cafile", CA)
        self.assertIn("chain       ? gossl test intermediate  not found\n              └─ below", shown)
        self.assertIn("if it is an intermediate CA, the server must send its certificate too", error["way_out"])
        context.load_cert_chain(leaf.cert.read_bytes() + middle.cert.read_bytes(), leaf.key)
        with serving(context) as port:
            ran = run("connect", f"localhost:{port}", "--cafile", CA)
            self.assertEqual(ran.code, 0, ran.out)
            names = re.findall(r"^(?:  chain       | +└─ )(.*)$", ran.out, re.MULTILINE)
            self.assertEqual(names, ["gossl test authority  (trust anchor)", "gossl test intermediate", "below"])
            # An intermediate CA as the anchor: Python 3.13's default contexts take it.
            ran = run("connect", f"localhost:{port}", "--cafile", str(middle.cert), "--name", "wrong.test")
        if sys.version_info >= (3, 13):
            self.assertIn("✗ certificate refused: Hostname mismatch", ran.out)
            self.assertNotIn("not found", ran.out)
        else:
            self.assertIn("✗ certificate refused: unable to get issuer certificate", ran.out)
            self.assertIn("? gossl test authority  not found", ran.out)

    def test_old_versions_if_they_are_asked_for(self) -> None:
        context = server_context()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with serving(context) as port:
            for version, name in (("1.0", "TLSv1"), ("1.1", "TLSv1.1")):
                report = self.report(f"localhost:{port}", "--cafile", CA, "--tls", version)
                self.assertEqual(report["tls"]["version"], name)

    def test_insecure_goes_on_and_says_so(self) -> None:
        with serving(server_context(certificate())) as port:
            ran = run("connect", f"localhost:{port}", "--insecure")
            report = self.report(f"localhost:{port}", "--insecure")
        self.assertIn("not verified (--insecure)", ran.out)
        self.assertEqual((report["ok"], report["verified"]), (True, False))

    def test_a_handshake_that_fails_otherwise(self) -> None:
        context = server_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        with serving(context) as port:
            report = self.report(f"localhost:{port}", "--cafile", CA, "--tls", "1.2", code=4)
        self.assertEqual(report["error"]["type"], "SSLError")
        self.assertIsNone(report["error"]["verify_code"])
        self.assertEqual(report["error"]["reason"], "TLSV1_ALERT_PROTOCOL_VERSION")
        self.assertEqual(report["error"]["text"], "the server refused: protocol version (alert 70)")
        self.assertIn("--tls", report["error"]["way_out"])
        with serving(None, lambda raw: raw.sendall(b"220 this is no TLS\r\n")) as port:
            report = self.report(f"localhost:{port}", "--cafile", CA, code=4)
            shown = run("connect", f"localhost:{port}", "--cafile", CA).out
        self.assertEqual((report["chain"], report["error"]["text"]), ([], "wrong version number"))
        self.assertIn("✗ wrong version number", shown)
        self.assertIn("  way out     the server does not answer with TLS: is it another port", shown)

    def test_client_certificates(self) -> None:
        context = server_context()
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(CA)
        where = ["--cafile", CA]
        both = AUTHORITY.directory / "both.pem"
        both.write_bytes(CLIENT.cert.read_bytes() + CLIENT.key.read_bytes())
        for version in ("1.2", "1.3"):
            with serving(context) as port, self.subTest(version):
                target = [f"localhost:{port}", "--tls", version, *where]
                for shown in (["--cert", str(CLIENT.cert), "--key", str(CLIENT.key)], ["--cert", str(both)]):
                    self.assertEqual(self.report(*target, *shown)["tls"]["client_certificate"], "shown")
                report = self.report(*target, code=4)
                self.assertEqual(report["tls"]["client_certificate"], "asked for, none shown")
                wanted = {"1.2": "handshake failure (alert 40)", "1.3": "certificate required (alert 116)"}[version]
                self.assertEqual(report["error"]["text"], f"the server refused: {wanted}")
                self.assertIn("--cert FILE", report["error"]["way_out"])

    def test_a_client_certificate_that_is_not_accepted(self) -> None:
        context = server_context()
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificate_file(self, certificate("other.test")))
        arguments = ["--cafile", CA, "--cert", str(CLIENT.cert), "--key", str(CLIENT.key)]
        with serving(context) as port:
            report = self.report(f"localhost:{port}", *arguments, code=4)
        self.assertEqual(report["error"]["text"], "the server refused: unknown ca (alert 48)")
        self.assertIn("does not accept the client certificate", report["error"]["way_out"])

    def test_key_log(self) -> None:
        with tempfile.TemporaryDirectory() as folder, serving(server_context()) as port:
            path = Path(folder) / "keys.txt"
            self.assertEqual(run("connect", f"localhost:{port}", "--cafile", CA, "--keylog", str(path)).code, 0)
            self.assertIn("CLIENT_TRAFFIC_SECRET_0 ", path.read_text())

    def test_a_server_of_the_interpreters_own_ssl(self) -> None:
        context = stock.SSLContext(stock.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(LEAF.cert, LEAF.key)
        with serving(context) as port:
            self.assertTrue(self.report(f"localhost:{port}", "--cafile", CA)["verified"])

    def test_pipe(self) -> None:
        def echo(sock: Any) -> None:
            while data := sock.recv(65536):
                sock.sendall(data)
                if data.endswith(b"end"):
                    return

        sent = bytes(range(256)) * 4000 + b"end"
        with serving(server_context(), behave=echo) as port:
            process = start("connect", "--pipe", f"localhost:{port}", "--cafile", CA)
            out, err = process.communicate(sent, timeout=60)
        self.assertEqual((process.returncode, out), (0, sent), err)
        self.assertIn(b"verified", err)

    def test_pipe_ends_when_the_server_is_silent_after_the_end_of_input(self) -> None:
        with serving(server_context(), behave=lambda s: (s.recv(100), s.sendall(b"hi"), s.recv(100))) as port:
            process = start("connect", "--pipe", "--timeout", "0.5", f"localhost:{port}", "--cafile", CA)
            out, err = process.communicate(b"x", timeout=60)
        self.assertEqual((process.returncode, out), (0, b"hi"), err)


class TestRefusals(unittest.TestCase):
    def check(self, code: int, words: str, *arguments: str) -> None:
        ran = run(*arguments)
        self.assertEqual((ran.code, ran.out), (code, ""), ran.err)
        self.assertIn(words, ran.err)
        self.assertNotIn("Traceback", ran.err)

    def test_command_lines(self) -> None:
        for target in ("", "a b", "[::1", "[::1]x", "host:", "host:0", "host:65536", "host:http", "1:2:3", "[host]:1"):
            with self.subTest(target):
                self.check(2, "gossl connect: ", "connect", target)
        self.check(2, "--key needs --cert", "connect", "localhost:1", "--key", "x")
        self.check(2, "No such file", "connect", "localhost:1", "--cafile", "/nowhere")
        self.check(2, "this does not work", "connect", "localhost:1", "--ciphers", "NONSENSE")
        self.check(2, "invalid choice", "connect", "localhost:1", "--starttls", "gopher")
        self.check(2, "0 and 86400", "connect", "localhost:1", "--timeout", "0")
        self.check(2, "required", *[])
        self.check(2, "invalid choice", "nonsense")

    def test_nobody_there(self) -> None:
        with socket.socket() as listener:  # bound, and not listening
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            self.check(1, f"cannot connect to 127.0.0.1:{port}: ", "connect", f"127.0.0.1:{port}")
        self.check(1, "nowhere.invalid has no address", "connect", "nowhere.invalid")

    def test_a_server_that_says_nothing(self) -> None:
        with serving(None) as port:
            ran = run("connect", f"localhost:{port}", "--cafile", CA, "--timeout", "0.2")
        self.assertEqual(ran.code, 1)
        self.assertIn("✗ the server did not answer in time", ran.out)

    def test_help_has_examples_and_exit_codes(self) -> None:
        for command in ("cert", "connect", "doctor", "serve", "trace"):
            ran = run(command, "--help")
            self.assertEqual(ran.code, 0)
            for part in ("examples:\n  gossl " + command, "exit codes:", "NO_COLOR"):
                self.assertIn(part, ran.out)


class TestTargets(unittest.TestCase):
    def test_ways_to_write_a_target(self) -> None:
        from gossl.cli.target import parse

        for text, want in (
            ("host", ("host", 443, "host")),
            ("host:1", ("host", 1, "host")),
            ("::1", ("::1", 443, "::1")),
            ("[::1]", ("::1", 443, "::1")),
            ("[fe80::1%lo]:8443", ("fe80::1%lo", 8443, "fe80::1")),
            ("https://host/path?x=1:2", ("host", 443, "host")),
            ("https://host:8443/", ("host", 8443, "host")),
        ):
            self.assertEqual(parse(text), want)
        self.assertEqual(parse("host", "name", "smtp"), ("host", 25, "name"))
        self.assertEqual(str(parse("[::1]:5")), "[::1]:5")


class Screen(io.StringIO):
    """A terminal, as far as isatty() goes."""

    def isatty(self) -> bool:
        return True


class TestTerminal(unittest.TestCase):
    """Run on a terminal of its own."""

    def on_terminal(self, *arguments: str, **variables: str) -> str:
        import pty

        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "gossl", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env=environment(**{"TERM": "xterm", "LC_ALL": "C.UTF-8", **variables}),
        )
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 65536):
                shown += data
        except OSError:
            pass  # Linux says EIO at the end
        os.close(ours)
        process.wait(60)
        return shown.decode("utf-8")

    def test_colours_only_where_they_are_wanted(self) -> None:
        with serving(server_context()) as port:
            where = ["connect", f"localhost:{port}", "--cafile", CA]
            self.assertIn("\x1b[32m✓ TLSv1.3, verified\x1b[0m", self.on_terminal(*where))
            plain = self.on_terminal(*where, NO_COLOR="1", PYTHONIOENCODING="ascii")
            self.assertIn("`- ", plain)
            self.assertTrue(plain.isascii() and "\x1b" not in plain)
            self.assertIn("\x1b[32m", run(*where, "--color", "always").out)

    def test_when_there_are_colours(self) -> None:
        for out, color, variables, want in (
            (Screen(), "auto", {}, True),
            (Screen(), "never", {}, False),
            (Screen(), "auto", {"NO_COLOR": "1"}, False),
            (Screen(), "auto", {"NO_COLOR": ""}, True),
            (Screen(), "auto", {"TERM": "dumb"}, False),
            (io.StringIO(), "auto", {}, False),
            (io.StringIO(), "always", {"NO_COLOR": "1"}, True),
        ):
            with mock.patch.dict(os.environ, {"TERM": "xterm", "NO_COLOR": "", **variables}):
                self.assertEqual(terminal.Terminal(out, out, color).colours, want, (color, variables))

    def test_progress(self) -> None:
        said = io.StringIO()
        with mock.patch.object(terminal, "PATIENCE", 0.05), serving(None) as port:
            ran = run("connect", f"localhost:{port}", "--cafile", CA, "--timeout", "0.5")
            screen = Screen()
            with terminal.Terminal(said, screen).working("waiting"):
                time.sleep(0.5)
            with mock.patch.object(terminal, "PATIENCE", 60), terminal.Terminal(said, screen).working("nothing"):
                pass
        self.assertEqual(ran.err, f"gossl: still shaking hands with localhost:{port} ...\n")
        self.assertRegex(screen.getvalue(), "^\rwaiting \\.\\.\\. \\d s\r\x1b\\[K$")

    def test_a_reader_that_has_enough(self) -> None:
        with serving(server_context()) as port:
            process = start("connect", f"localhost:{port}", "--cafile", CA)
            assert process.stdout is not None
            process.stdout.close()
            assert process.stderr is not None
            said = process.stderr.read()
            process.wait(60)
            for stream in (process.stdin, process.stderr):
                assert stream is not None
                stream.close()
        self.assertEqual((process.returncode, said), (1, b""))

    def test_interrupted(self) -> None:
        import signal

        with serving(None, lambda raw: reached.append(raw.recv(1))) as port:
            reached: list[bytes] = []
            process = start("connect", f"localhost:{port}", "--timeout", "50")
            while not reached:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        self.assertEqual((process.returncode, said), (130, b""))


class TestCert(unittest.TestCase):
    def test_files(self) -> None:
        folder = AUTHORITY.directory
        both = folder / "chain.pem"
        both.write_bytes(b"some text\n" + LEAF.cert.read_bytes() + b"\n" + AUTHORITY.cert.read_bytes())
        der = folder / "leaf.der"
        der.write_bytes(stock.PEM_cert_to_DER_cert(LEAF.cert.read_text()))
        shown = run("cert", str(both)).out
        self.assertEqual(
            [line for line in shown.splitlines() if line.startswith("CN=")], ["CN=localhost", "CN=gossl test authority"]
        )
        for part in (
            "issuer        itself",
            "CA            yes",
            "Basic Constraints (critical)",
            "names         localhost, 127.0.0.1",
        ):
            self.assertIn(part, shown)
        report = json.loads(run("cert", "--json", str(der)).out)
        self.assertEqual(set(report), {"schema", "source", "certificates"})
        self.assertEqual(report["schema"], "gossl.cert/1")
        self.assertEqual(set(report["certificates"][0]), CERTIFICATE)
        self.assertEqual(run("cert", "--pem", str(der)).out.split(), LEAF.cert.read_text().split())
        self.assertEqual(run("cert", "-", stdin=der.read_bytes()).out, run("cert", str(der)).out)

    def test_agrees_with_openssl(self) -> None:
        wanted = subprocess.run(
            ["openssl", "x509", "-in", str(LEAF.cert), "-noout", "-fingerprint", "-sha256", "-serial"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        found = json.loads(run("cert", "--json", str(LEAF.cert)).out)["certificates"][0]
        self.assertIn(found["sha256"].upper(), wanted.replace(":", ""))
        self.assertIn(f"serial={found['serial']}", wanted)

    def test_a_servers(self) -> None:
        pem = certificate()
        with serving(server_context(pem)) as port:
            ran = run("cert", f"localhost:{port}")
        self.assertEqual(ran.code, 0, ran.err)
        self.assertIn("CN=localhost,O=gossl development certificate", ran.out)

    def test_what_is_no_certificate(self) -> None:
        for data in (
            b"",
            b"nonsense",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            b"\x30\x03\x02\x01\x01",
        ):
            ran = run("cert", "-", stdin=data)
            self.assertEqual((ran.code, ran.out), (1, ""))
            self.assertIn("certificate", ran.err)
        self.assertEqual(run("cert", str(AUTHORITY.directory)).code, 1)

    def test_every_truncation_is_refused(self) -> None:
        der = stock.PEM_cert_to_DER_cert(LEAF.cert.read_text())
        for length in range(0, len(der), 7):
            self.assertEqual(run("cert", "-", stdin=der[:length]).code, 1, length)


if __name__ == "__main__":
    unittest.main()
