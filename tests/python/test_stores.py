"""The trust stores of Windows and macOS, by stand-ins for their libraries."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

import gossl
from fake_stores import LOCAL_MACHINE, USER, FakeCrypt32, FakeKeychain, Held
from gossl import _macos, _stock, _windows, ssl
from support import AUTHORITY, DIRECTORY, LEAF, Authority, connected

SERVER, CLIENT_AUTH = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
MACHINE, ROOT = (LOCAL_MACHINE, "ROOT"), (USER, "ROOT")


def der(path: Path) -> bytes:
    text = path.read_text()
    return base64.b64decode("".join(text.strip().split("\n")[1:-1]))


GOOD, OTHER = der(AUTHORITY.cert), der(Authority(DIRECTORY / "stored", "stored").cert)
BAD = GOOD[:100]


def on(platform: str, program: str, **variables: str) -> None:
    """Runs a program in an interpreter that takes itself for one on that platform, with our library all the same."""
    code = (
        "import ctypes, os, socket, subprocess, sys, tempfile, threading, unittest.mock, warnings\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\nsys.argv = ['', {str(DIRECTORY)!r}]\n"
        f"sys.platform = {platform!r}\n{program}"
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SSL_CERT_", "GOSSL_TRUST"))}
    environment = {**kept, "ANCHOR": str(AUTHORITY.cert), "CERT": str(LEAF.cert), "KEY": str(LEAF.key), **variables}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise AssertionError(ran.stderr)


HANDSHAKE = """
def shake(context):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(os.environ["CERT"], os.environ["KEY"])
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = context.wrap_bio(back, there, server_hostname="localhost"), server.wrap_bio(there, back, server_side=True)
    done = set()
    while len(done) < 2:
        for end in ends:
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                pass

with open(os.environ["ANCHOR"]) as file:
    import base64
    GOOD = base64.b64decode("".join(file.read().strip().split("\\n")[1:-1]))
"""


class Windows(unittest.TestCase):
    def using(self, fake: FakeCrypt32) -> None:
        patched = mock.patch.object(_windows, "crypt32", lambda: fake.library)
        patched.start()
        self.addCleanup(patched.stop)
        self.addCleanup(lambda: self.assertEqual(({}, {}), (fake.open, fake.lent), "all is given back"))

    def test_certificates_are_those_of_all_locations_with_what_they_are_trusted_for(self) -> None:
        self.using(
            FakeCrypt32(
                {
                    MACHINE: [
                        Held(GOOD),
                        Held(OTHER, extension=[CLIENT_AUTH, SERVER]),
                        Held(b"p7", 0x10000),
                        Held(b"?", 3),
                    ],
                    ROOT: [
                        Held(GOOD),
                        Held(OTHER, property=[SERVER], extension=[CLIENT_AUTH]),
                        Held(OTHER, property=[]),
                    ],
                    (USER, "CA"): [Held(b"another store")],
                }
            )
        )
        expected = [
            (GOOD, "x509_asn", True),
            (OTHER, "x509_asn", frozenset({CLIENT_AUTH, SERVER})),
            (b"p7", "pkcs_7_asn", True),
            (b"?", 3, True),
            (OTHER, "x509_asn", frozenset({SERVER})),
            (OTHER, "x509_asn", frozenset()),
        ]
        self.assertEqual(expected, _windows.enum_certificates("ROOT"))
        self.assertEqual(expected, _windows.enum_certificates(store_name="ROOT"))

    def test_a_malformed_certificate_is_left_out_and_reported(self) -> None:
        self.using(
            FakeCrypt32({MACHINE: [Held(BAD), Held(GOOD), Held(GOOD, property=[CLIENT_AUTH])], (USER, "CA"): []})
        )
        self.assertEqual([GOOD, GOOD], [e[0] for e in _windows.enum_certificates("ROOT")])
        count, skipped = _windows.anchors()
        self.assertEqual(1, count)
        self.assertRegex(skipped[0], "^store ROOT, entry 0: .*not DER")

    def test_crls(self) -> None:
        self.using(FakeCrypt32({(USER, "CA"): [Held(b"one"), Held(b"two", 0x10000), Held(b"one")]}))
        self.assertEqual([(b"one", "x509_asn"), (b"two", "pkcs_7_asn")], _windows.enum_crls("CA"))

    def test_a_store_that_cannot_be_read(self) -> None:
        self.using(FakeCrypt32({}))
        with self.assertRaises(OSError) as caught:
            _windows.enum_certificates("")
        self.assertNotIsInstance(caught.exception, PermissionError)
        with self.assertRaises(OSError):
            _windows.enum_crls("ROOT")
        count, skipped = _windows.anchors()
        self.assertEqual((0, ["store CA", "store ROOT"]), (count, [s.split(":")[0] for s in skipped]))

    def test_a_store_that_may_not_be_read(self) -> None:
        self.using(FakeCrypt32({}, {LOCAL_MACHINE: 5}))
        with self.assertRaises(PermissionError):
            _windows.enum_certificates("ROOT")

    def test_usages_that_cannot_be_read_are_not_taken_for_none(self) -> None:
        fake = FakeCrypt32({ROOT: [Held(GOOD)]})
        fake.broken_usage = 8
        self.using(fake)
        with self.assertRaises(OSError):
            _windows.enum_certificates("ROOT")

    def test_arguments(self) -> None:
        self.using(FakeCrypt32({}))
        for wrong, error in ((1, TypeError), (None, TypeError), ("RO\0OT", ValueError)):
            with self.assertRaises(error):
                _windows.enum_certificates(wrong)  # type: ignore[arg-type]

    def test_mozillas_anchors_stand_in_when_asked(self) -> None:
        self.using(FakeCrypt32({ROOT: [Held(GOOD)]}))
        with mock.patch.dict(os.environ, GOSSL_TRUST="mozilla"):
            self.assertEqual([], _windows.enum_certificates("ROOT"))

    @unittest.skipIf(sys.platform == "win32", "there it has one")
    def test_elsewhere_there_is_none(self) -> None:
        with self.assertRaises(OSError):
            _windows.crypt32()
        self.assertFalse(hasattr(ssl, "enum_certificates"))

    PROGRAM = (
        HANDSHAKE
        + """
import fake_stores
from fake_stores import *
from gossl import _stock, _windows
_stock.places = lambda: ("", "")
SERVER, CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
held = {"all": Held(GOOD), "servers": Held(GOOD, property=[SERVER]), "clients": Held(GOOD, extension=[CLIENT])}
fake = FakeCrypt32({(USER, "ROOT"): [Held(GOOD[:80]), held[os.environ["KIND"]]], (USER, "CA"): []})
_windows.crypt32 = lambda: fake.library
import gossl
from gossl import ssl
assert ssl.enum_certificates is _windows.enum_certificates
context = ssl.create_default_context()
said = gossl.trust_store()
assert gossl.status().trust == said.source == "windows", said
assert [s[:24] for s in said.skipped] == ["store ROOT, entry 0: cer"], said
"""
    )

    def test_default_contexts_take_them(self) -> None:
        for kind in ("all", "servers"):
            on("win32", self.PROGRAM + "assert said.certificates == 1, said\nshake(context)\n", KIND=kind)

    def test_but_not_for_what_they_are_not_trusted_for(self) -> None:
        refuses = """
assert said.certificates == 0 and context.cert_store_stats()["x509"] == 0
try:
    shake(context)
except ssl.SSLCertVerificationError:
    sys.exit(0)
sys.exit("trusted")
"""
        on("win32", self.PROGRAM + refuses, KIND="clients")


class MacOS(unittest.TestCase):
    SSL, MAIL = "1.2.840.113635.100.1.3", "1.2.840.113635.100.1.8"

    def said(self, fake: FakeKeychain) -> _macos.Anchors:
        with mock.patch.object(_macos, "frameworks", lambda: fake.frameworks):
            said = _macos.anchors.__wrapped__()
        self.assertEqual({}, fake.owned, "all is released")
        return said

    def kinds(self, fake: FakeKeychain) -> list[str]:
        pem = self.said(fake).pem.decode()
        return [line.split("BEGIN ")[1].rstrip("-") for line in pem.split("\n") if "BEGIN" in line]

    def code(self, fake: FakeKeychain) -> int:
        """The verdict on LEAF, whose authority is GOOD."""
        said = self.said(fake)
        with (
            mock.patch.object(sys, "platform", "darwin"),
            mock.patch.object(_stock, "places", lambda: ("", "")),
        ):
            with mock.patch.object(_macos, "anchors", lambda: said):
                client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                with mock.patch.dict(os.environ):
                    os.environ.pop("SSL_CERT_FILE", None)
                    os.environ.pop("SSL_CERT_DIR", None)
                    client.set_default_verify_paths()
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(LEAF.cert, LEAF.key)
        try:
            connected(client, server)
        except ssl.SSLCertVerificationError as e:
            return e.verify_code
        return 0

    def test_what_is_shipped_is_trusted(self) -> None:
        fake = FakeKeychain([OTHER, GOOD])
        self.assertEqual(["CERTIFICATE", "CERTIFICATE"], self.kinds(fake))
        self.assertEqual([OTHER, GOOD], self.said(fake).trusted)
        self.assertEqual(0, self.code(fake))
        self.assertEqual(20, self.code(FakeKeychain([OTHER])))

    def test_settings_decide(self) -> None:
        result, policy = "kSecTrustSettingsResult", "kSecTrustSettingsPolicy"
        user, administrator = (0, GOOD), (1, GOOD)
        for shipped, settings, code in (
            ([OTHER], {user: []}, 0),
            ([OTHER], {administrator: []}, 0),
            ([OTHER], {user: None}, 20),
            ([OTHER], {user: [{}]}, 0),
            ([OTHER], {user: [{result: 1}]}, 0),
            ([OTHER], {user: [{result: 2}]}, 0),
            ([OTHER], {user: [{result: 4}]}, 20),
            ([OTHER], {user: [{result: 1, policy: self.SSL}]}, 0),
            ([OTHER], {user: [{result: 1, policy: self.MAIL}]}, 20),
            ([OTHER], {user: [{result: 1, policy: self.SSL, "kSecTrustSettingsPolicyString": "a.test"}]}, 20),
            ([OTHER], {user: [{result: 1, "kSecTrustSettingsApplication": b"an application"}]}, 20),
            ([OTHER, GOOD], {user: [{result: 3}]}, 28),
            ([OTHER, GOOD], {user: [{result: 3, policy: self.SSL}]}, 28),
            ([OTHER, GOOD], {user: [{result: 3, "kSecTrustSettingsPolicyString": "a.test"}]}, 28),
            ([OTHER, GOOD], {user: [{result: 3, policy: self.MAIL}]}, 0),
            ([OTHER, GOOD], {user: [{result: 1}, {result: 3}]}, 28),
            ([OTHER, GOOD], {administrator: [{result: 3}]}, 28),
            ([OTHER, GOOD], {administrator: [{result: 3}], user: [{result: 1}]}, 0),
            ([OTHER, GOOD], {administrator: [{result: 1}], user: [{result: 3}]}, 28),
        ):
            with self.subTest(settings=[(k[0], v) for k, v in settings.items()]):
                self.assertEqual(code, self.code(FakeKeychain(shipped, settings)))

    def test_one_that_cannot_be_read_says_why(self) -> None:
        for name in (
            "SecTrustCopyAnchorCertificates",
            "SecTrustSettingsCopyCertificates",
            "SecTrustSettingsCopyTrustSettings",
        ):
            fake = FakeKeychain([GOOD], {(0, OTHER): [{}]})
            fake.broken[name] = -25291
            said = self.said(fake)
            self.assertEqual((b"", [], f"the keychain cannot be read: {name} gives -25291"), said)
        self.assertIn("no anchors", self.said(FakeKeychain([])).failure)

    @unittest.skipIf(sys.platform == "darwin", "there is one there")
    def test_elsewhere_there_is_none(self) -> None:
        self.assertIn("no keychain", _macos.anchors.__wrapped__().failure)
        with mock.patch.dict(os.environ, GOSSL_TRUST="keychain"), self.assertRaises(ValueError):
            gossl.trust_store()

    PROGRAM = (
        HANDSHAKE
        + """
from fake_stores import *
from gossl import _macos, _stock
fake = FakeKeychain([GOOD[:90], GOOD])
fake.broken["SecTrustCopyAnchorCertificates"] = int(os.environ.get("STATUS", "0"))
_macos.frameworks = lambda: fake.frameworks
_stock.places = lambda: (os.environ.get("STOCK", ""), "")
import gossl
from gossl import ssl
"""
    )

    def test_default_contexts_take_it(self) -> None:
        on(
            "darwin",
            self.PROGRAM
            + """
assert gossl.status().trust == "keychain"
context = ssl.create_default_context()
shake(context)
said = gossl.trust_store()
assert said[:4] == ("keychain", "", [], 1) and said.skipped[0].startswith("entry 0: "), said
assert ssl.create_default_context().cert_store_stats() == context.cert_store_stats()
""",
        )

    def test_what_comes_before_it(self) -> None:
        check = "assert gossl.trust_store()[:2] == ({0!r}, {1!r}), gossl.trust_store()\n"
        anchor = str(AUTHORITY.cert)
        on("darwin", self.PROGRAM + check.format("environment", anchor), SSL_CERT_FILE=anchor)
        on("darwin", self.PROGRAM + check.format("system", anchor), STOCK=anchor)
        on("darwin", self.PROGRAM + check.format("keychain", ""), STOCK=anchor, GOSSL_TRUST="keychain")
        on("darwin", self.PROGRAM + check.format("mozilla", ""), GOSSL_TRUST="mozilla")

    def test_the_files_of_the_system_stand_in_and_that_is_said(self) -> None:
        on(
            "darwin",
            self.PROGRAM
            + """
said = gossl.trust_store()
assert said.source in ("system", "mozilla"), said
assert said.skipped[0] == "the keychain cannot be read: SecTrustCopyAnchorCertificates gives -5", said
""",
            STATUS="-5",
        )

    def test_nothing_stands_in_when_it_was_asked_for(self) -> None:
        on(
            "darwin",
            self.PROGRAM
            + """
for call in (ssl.create_default_context, gossl.trust_store):
    try:
        call()
    except ssl.SSLError as e:
        assert "cannot be read" in str(e)
    else:
        sys.exit("taken")
""",
            STATUS="-5",
            GOSSL_TRUST="keychain",
        )


if __name__ == "__main__":
    unittest.main()
